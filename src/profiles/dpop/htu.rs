//! Comparison of request URIs, after the normalizations that need no knowledge of the server
//! ([RFC 3986 sections 6.2.2 and 6.2.3](https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2)).

/// Whether two absolute URIs name the same request target, ignoring query and fragment
/// ([RFC 9449 section 4.3](https://www.rfc-editor.org/rfc/rfc9449#section-4.3), step 9).
pub(super) fn is_same_target(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (Target::parse(one), Target::parse(other)) else { return false };
    one.scheme.eq_ignore_ascii_case(other.scheme)
        && characters(one.host).map(Character::to_lowercase).eq(characters(other.host).map(Character::to_lowercase))
        && one.port() == other.port()
        && one.segments().eq(other.segments())
}

struct Target<'u> {
    scheme: &'u str,
    host: &'u str,
    port: &'u str,
    /// Without the leading slash.
    path: &'u str,
}

impl<'u> Target<'u> {
    /// Splits a URI; `None` if it has no authority, or one with a user name, which no client sends.
    fn parse(uri: &'u str) -> Option<Self> {
        let (scheme, rest) = uri.split_once([':'])?;
        let rest = rest.strip_prefix("//")?.split(['?', '#']).next()?;
        let (authority, path) = rest.split_once(['/']).unwrap_or((rest, ""));
        let (host, port) = match authority.rsplit_once([':']) {
            // The last colon in an IPv6 address does not begin a port.
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
            _ => (authority, ""),
        };
        (!host.is_empty() && !host.contains(['@'])).then_some(Self { scheme, host, port, path })
    }

    /// The port; `None` if it is absent or the scheme's default.
    fn port(&self) -> Option<&'u str> {
        let defaults = [("https", "443"), ("http", "80"), ("coaps", "5684"), ("coap", "5683")];
        let is_default = |(scheme, port): (&str, &str)| self.scheme.eq_ignore_ascii_case(scheme) && self.port == port;
        (!self.port.is_empty() && !defaults.into_iter().any(is_default)).then_some(self.port)
    }

    /// The segments of the path from last to first, without `.`, `..` and the segments that `..` removes
    /// ([section 5.2.4](https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4)).
    fn segments(&self) -> impl Iterator<Item = Segment<'u>> {
        let mut to_remove = 0_usize;
        self.path.rsplit(['/']).enumerate().filter_map(move |(index, text)| {
            let segment = Segment(text);
            let is_parent = segment == Segment("..");
            if is_parent || segment == Segment(".") {
                to_remove = to_remove.wrapping_add(usize::from(is_parent));
                // A path that ends in `.` or `..` is equal to one that ends in a slash.
                return (index == 0).then_some(Segment(""));
            }
            if to_remove > 0 {
                to_remove = to_remove.wrapping_sub(1);
                return None;
            }
            Some(segment)
        })
    }
}

#[derive(Clone, Copy)]
struct Segment<'u>(&'u str);

impl PartialEq for Segment<'_> {
    fn eq(&self, other: &Self) -> bool {
        characters(self.0).eq(characters(other.0))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Character {
    Plain(u8),
    /// `%` and two hexadecimal digits, for any byte that is not an unreserved character.
    Encoded(u8),
}

impl Character {
    fn to_lowercase(self) -> Self {
        match self {
            Self::Plain(byte) => Self::Plain(byte.to_ascii_lowercase()),
            encoded @ Self::Encoded(_) => encoded,
        }
    }
}

/// The characters of `text`. Unreserved characters are equal whether encoded or not; hexadecimal digits have no case.
fn characters(text: &str) -> impl Iterator<Item = Character> {
    let mut rest = text.as_bytes();
    core::iter::from_fn(move || {
        let (character, tail) = match rest {
            [b'%', high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                (decoded(*high, *low)?, tail)
            }
            [byte, tail @ ..] => (Character::Plain(*byte), tail),
            [] => return None,
        };
        rest = tail;
        Some(character)
    })
}

fn decoded(high: u8, low: u8) -> Option<Character> {
    let [high, low] = [high, low].map(|digit| char::from(digit).to_digit(16));
    let byte = u8::try_from(high? << 4 | low?).ok()?;
    let is_unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    Some(if is_unreserved { Character::Plain(byte) } else { Character::Encoded(byte) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_target_are_equal() {
        let target = "https://pump-7.local/speed/set";
        for same in [
            "https://pump-7.local/speed/set",
            "HTTPS://PUMP-7.Local/speed/set",
            "https://pump-7.local:443/speed/set",
            "https://pump-7.local:/speed/set",
            "https://pump-7.local/speed/set?rpm=7",
            "https://pump-7.local/speed/set#now",
            "https://pump%2d7.local/sp%65ed/set",
            "https://pump-7.local/./speed/x/../set",
            "https://pump-7.local/../speed/%2e%2E/speed/set",
            "https://pump-7.local/a/b/../../speed/./set",
        ] {
            assert!(is_same_target(target, same) && is_same_target(same, target), "{same}");
        }
        for (one, other) in [
            ("https://a", "https://a/"),
            ("https://a?b", "https://a/#c"),
            ("http://a:80/", "http://a/"),
            ("https://a/b/", "https://a/b/."),
            ("https://a/b/", "https://a/b/c/.."),
            ("https://a/", "https://a/b/.."),
            ("https://a/%2f%C3%A9", "https://a/%2F%c3%a9"),
            ("https://[::1]/", "https://[::1]:443/"),
            ("coap://[FE80::1]:5683/a", "coap://[fe80::1]/a"),
            ("x://a:80", "x://a:80/"),
            // An encoded letter in a host has no case either.
            ("https://pump-7.local/", "https://%50ump-7.local/"),
            ("https://pump-7.local/", "https://pu%6Dp-7.LOCAL/"),
        ] {
            assert!(is_same_target(one, other) && is_same_target(other, one), "{one} {other}");
        }
    }

    #[test]
    fn different_targets_are_not_equal() {
        let target = "https://pump-7.local/speed/set";
        for other in [
            "",
            "/speed/set",
            "pump-7.local/speed/set",
            "//pump-7.local/speed/set",
            "https:/pump-7.local/speed/set",
            "http://pump-7.local/speed/set",
            "https://pump-7.local:80/speed/set",
            "https://pump-7.local:4443/speed/set",
            "https://pump-7.local./speed/set",
            "https://pump-8.local/speed/set",
            "https://pump-7.local/Speed/set",
            "https://pump-7.local/speed/set/",
            "https://pump-7.local/speed//set",
            "https://pump-7.local/speed%2fset",
            "https://pump-7.local/speed/set%20",
            "https://pump-7.local/speed/se",
            "https://pump-7.local/speed/set/..",
            "https://pump-7.local/x/speed/set",
            "https://a@pump-7.local/speed/set",
            "https:///speed/set",
            "https://pump-7.local/speed/set%",
            "https://pump-7.local/speed/set%4",
        ] {
            assert!(!is_same_target(target, other) && !is_same_target(other, target), "{other}");
        }
        assert!(!is_same_target("", ""));
        // A user name in the authority: not even equal to itself.
        assert!(!is_same_target("https://a@b/", "https://a@b/"));
        // In a path, an encoded letter has its case.
        assert!(!is_same_target("https://a/p", "https://a/%50"));
        assert!(!is_same_target("coap://a:80/", "coap://a/"));
        assert!(!is_same_target("wss://a:443/", "wss://a/"));
        assert!(!is_same_target("https://[::1]/", "https://[::1]:1/"));
        assert!(!is_same_target("https://[::2]/", "https://[::1]/"));
    }
}
