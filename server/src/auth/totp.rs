//! Codes that change every thirty seconds (RFC 6238 with SHA-1 and six digits, which is what every authenticator speaks).

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

use app::model::Timestamp;

/// How long a code is shown.
const STEP_SECONDS: i64 = 30;

/// A clock may be this many steps off, before or after.
const SKEW: i64 = 1;

/// As long as the hash, as RFC 4226 recommends.
const SEED_BYTES: usize = 20;

/// A new seed.
pub fn new_seed() -> Vec<u8> {
    crate::random::bytes::<SEED_BYTES>().to_vec()
}

/// The code of a step.
pub fn code_at(seed: &[u8], step: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(seed).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes([digest[offset] & 127, digest[offset + 1], digest[offset + 2], digest[offset + 3]]);
    format!("{:06}", number % 1_000_000)
}

/// The step of a moment.
pub fn step_of(now: Timestamp) -> i64 {
    now.millis().div_euclid(1000 * STEP_SECONDS)
}

/// The step whose code this is, of those that a clock may show now. Whether it was used already is not told here.
pub fn step_of_code(seed: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let current = step_of(now);
    let fits = |step: &i64| bool::from(code_at(seed, *step).as_bytes().ct_eq(code.as_bytes()));
    (current - SKEW..=current + SKEW).rfind(fits)
}

/// The seed as authenticators take it by hand: base32 in groups of four.
pub fn seed_words(seed: &[u8]) -> String {
    let text = base32(seed);
    text.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect::<Vec<_>>().join(" ")
}

/// What the QR code says.
pub fn address(seed: &[u8], username: &str) -> String {
    let encoded: String = form_urlencoded::byte_serialize(username.as_bytes()).collect();
    format!("otpauth://totp/Tailback:{encoded}?secret={}&issuer=Tailback&algorithm=SHA1&digits=6&period={STEP_SECONDS}", base32(seed))
}

fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for chunk in bytes.chunks(5) {
        let mut five = [0_u8; 5];
        five[..chunk.len()].copy_from_slice(chunk);
        let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let letters = (chunk.len() * 8).div_ceil(5);
        text.extend((0..letters).map(|n| char::from(LETTERS[usize::try_from(bits >> (35 - 5 * n) & 31).unwrap_or_default()])));
    }
    text
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// The key of RFC 6238, appendix B.
    const SEED: &[u8] = b"12345678901234567890";

    /// Its vectors, whose last six digits are the code.
    #[rstest]
    #[case(59, "94287082")]
    #[case(1_111_111_109, "07081804")]
    #[case(1_111_111_111, "14050471")]
    #[case(1_234_567_890, "89005924")]
    #[case(2_000_000_000, "69279037")]
    #[case(20_000_000_000, "65353130")]
    fn codes_are_those_of_the_standard(#[case] seconds: i64, #[case] code: &str) {
        let now = Timestamp::from_millis(seconds * 1000);
        assert_eq!(code_at(SEED, step_of(now)), code[2..]);
        assert_eq!(step_of_code(SEED, &code[2..], now), Some(step_of(now)));
    }

    #[test]
    fn a_clock_may_be_one_step_off_and_no_more() {
        let now = Timestamp::from_millis(1_234_567_890_000);
        for (away, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let step = step_of(now) + away;
            assert_eq!(step_of_code(SEED, &code_at(SEED, step), now), good.then_some(step), "{away}");
        }
        for odd in ["", "12345", "1234567", "abcdef"] {
            assert_eq!(step_of_code(SEED, odd, now), None);
        }
    }

    #[test]
    fn base32_is_that_of_rfc_4648() {
        for (bytes, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        assert_eq!(
            address(SEED, "a@b"),
            "otpauth://totp/Tailback:a%40b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tailback&algorithm=SHA1&digits=6&period=30"
        );
    }
}
