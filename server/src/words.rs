//! Figures in words, for rows of the trail.

/// `12 s`, `4 m 05 s`, `3 h 20 m`, `2 d 4 h`.
pub fn duration_words(seconds: i64) -> String {
    match seconds.max(0) {
        s @ ..60 => format!("{s} s"),
        s @ ..3600 => format!("{} m {:02} s", s / 60, s % 60),
        s @ ..86_400 => format!("{} h {:02} m", s / 3600, s % 3600 / 60),
        s => format!("{} d {} h", s / 86_400, s % 86_400 / 3600),
    }
}

/// `512 B`, `1.5 KiB`, `3.2 GiB`.
#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub fn byte_words(bytes: i64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if size < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1024.0;
    }
    format!("{size:.1} TiB")
}

/// An error and what caused it, in one line.
pub fn cause_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        // Transparent wrappers say the same again.
        if !words.ends_with(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        source = cause.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_like_a_person_would_say_them() {
        let durations: Vec<_> = [0, 59, 65, 3_700, 90_000].into_iter().map(duration_words).collect();
        assert_eq!(durations, ["0 s", "59 s", "1 m 05 s", "1 h 01 m", "1 d 1 h"]);
        let sizes: Vec<_> = [0, 1023, 1536, 3_435_973_837, 5 << 40].into_iter().map(byte_words).collect();
        assert_eq!(sizes, ["0 B", "1023 B", "1.5 KiB", "3.2 GiB", "5.0 TiB"]);
    }
}
