//! Payloads of any length that each drive one loop to its limit.

/// Named payloads of at most `max` bytes. Callers insert an `iss` at the start.
pub fn of_len(max: usize) -> Vec<(&'static str, String)> {
    let prefix = r#"{"a":"#;
    let payloads = vec![
        ("one plain string", format!("{prefix}\"{}\"}}", "x".repeat(max - 8))),
        ("escapes", format!("{prefix}\"{}\"}}", "\\u0000".repeat((max - 8) / 6))),
        ("quotation marks", format!("{prefix}\"{}\"}}", "\\\"".repeat((max - 8) / 2))),
        ("backslashes", format!("{prefix}\"{}\"}}", "\\\\".repeat((max - 8) / 2))),
        ("escapes apart", format!("{prefix}\"{}\"}}", "a\\n".repeat((max - 8) / 3))),
        ("white space", format!("{prefix}{}1}}", " ".repeat(max - 8))),
        ("white space everywhere", fill(&format!("{prefix}["), |_| " 1 ".into(), "]}", max)),
        ("one long number", format!("{prefix}0.{}}}", "0".repeat(max - 8))),
        ("numbers", fill(&format!("{prefix}["), |_| "1".into(), "]}", max)),
        ("empty objects", fill(&format!("{prefix}["), |_| "{}".into(), "]}", max)),
        // The counts leave room for `iss` and, around objects, for `a`: each is one of the members that may be open.
        ("longest names", format!("{{{}}}", members((max - 1) / 127 - 5, 127))),
        (
            "most objects of most names",
            fill(&format!("{prefix}["), |_| format!("{{{}}}", members(NAME_LEN, 126)), "]}", max),
        ),
        (
            "most names behind an object",
            fill(&format!("{prefix}["), |_| format!("{{\"o\":{{}},{}}}", members(NAME_LEN, 125)), "]}", max),
        ),
        ("deepest", fill(&format!("{prefix}["), |_| format!("{}{}", "[".repeat(14), "]".repeat(14)), "]}", max)),
        ("longest aud", fill("{\"aud\":[", |_| "\"\"".into(), "]}", max)),
        ("longest exp", format!("{{\"exp\":0.{}e-9}}", "0".repeat(max - 16))),
    ];
    for (name, payload) in &payloads {
        assert!(payload.len() <= max, "{name}: {} bytes", payload.len());
    }
    payloads
}

/// Named headers of at most `max` bytes that anyone can send. They are refused after parsing: their `alg` is not
/// supported.
pub fn headers_of_len(max: usize) -> [(&'static str, String); 3] {
    let header = |members: &str| format!("{{\"alg\":\"none\",{members}}}");
    // With `alg`, as many members as may be open.
    let most = 127.min((max - 14) / 10);
    let headers = [
        ("most names", header(&members((max - 14) / most - 5, most))),
        ("longest names", header(&members(90, max / 96))),
        ("certificates", header(&format!("\"x5c\":[\"{}\"]", "A".repeat(max - 25)))),
    ];
    for (name, header) in &headers {
        assert!(header.len() <= max, "{name}: {} bytes", header.len());
    }
    headers
}

/// The length of names that costs the most in many objects: shorter names are compared faster, longer names are fewer.
pub const NAME_LEN: usize = 19;

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

/// The members of an object, at most 256, with names of `len` bytes, at least 4. The names take the most work to
/// distinguish: they have the same length, first and last character, and differ right before the last.
pub fn members(len: usize, count: usize) -> String {
    let width = len - 1;
    let members: Vec<_> = (0..count).map(|i| format!("\"{:x>width$}x\":0", format!("{i:x}"))).collect();
    members.join(",")
}
