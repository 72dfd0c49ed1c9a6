//! Payloads that drive one loop each as far as it goes, at any length.

/// What each is made of, and the payload, of at most `max` bytes.
pub fn of_len(max: usize) -> Vec<(&'static str, String)> {
    let prefix = r#"{"a":"#;
    vec![
        ("one plain string", format!("{prefix}\"{}\"}}", "x".repeat(max - 8))),
        ("escapes", format!("{prefix}\"{}\"}}", "\\u0000".repeat((max - 8) / 6))),
        ("quotation marks", format!("{prefix}\"{}\"}}", "\\\"".repeat((max - 8) / 2))),
        ("backslashes", format!("{prefix}\"{}\"}}", "\\\\".repeat((max - 8) / 2))),
        ("white space", format!("{prefix}{}1}}", " ".repeat(max - 8))),
        ("one long number", format!("{prefix}0.{}}}", "0".repeat(max - 8))),
        ("numbers", fill(&format!("{prefix}["), |_| "1".into(), "]}", max)),
        ("empty objects", fill(&format!("{prefix}["), |_| "{}".into(), "]}", max)),
        ("longest names", format!("{{{}}}", members(max / 128 - 5, 128))),
        ("most objects of most names", fill(&format!("{prefix}["), |_| format!("{{{}}}", members(2, 127)), "]}", max)),
        ("deepest", fill(&format!("{prefix}["), |_| format!("{}{}", "[".repeat(14), "]".repeat(14)), "]}", max)),
        ("longest aud", fill("{\"aud\":[", |_| "\"\"".into(), "]}", max)),
        ("longest exp", format!("{{\"exp\":0.{}e-9}}", "0".repeat(max - 16))),
    ]
}

/// `{start}{unit}{unit}...{end}` of at most `max_len` bytes, units joined by commas.
pub fn fill(start: &str, unit: impl Fn(usize) -> String, end: &str, max_len: usize) -> String {
    let mut text = start.to_string();
    for i in 0.. {
        let next = unit(i);
        if text.len() + next.len() + end.len() + 1 > max_len {
            break;
        }
        text += if i == 0 { "" } else { "," };
        text += &next;
    }
    text + end
}

/// An object of as many members as may be open, with names of `len` bytes that differ at the end only.
pub fn members(len: usize, count: usize) -> String {
    let members: Vec<_> = (0..count).map(|i| format!("\"{i:x>len$}\":0")).collect();
    members.join(",")
}
