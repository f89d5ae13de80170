//! The fields of a form as the browser sent them.

use crate::model::FieldError;

/// Names and values in the order of the form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent(Vec<(String, String)>);

impl Sent {
    /// Reads `application/x-www-form-urlencoded`. Line ends become `\n`.
    pub fn parse(body: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), value.replace("\r\n", "\n")));
        Self(pairs.collect())
    }

    /// The first value of a field without the spaces around it; empty if the field is missing.
    pub fn text(&self, name: &str) -> String {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    }

    /// The same; `None` if there is nothing in it.
    pub fn some(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|value| !value.is_empty())
    }

    /// Every value of a field that has something in it.
    pub fn all(&self, name: &str) -> Vec<String> {
        let values = self.0.iter().filter(|(found, _)| found == name).map(|(_, value)| value.trim().to_owned());
        values.filter(|value| !value.is_empty()).collect()
    }

    /// Whether a box was ticked or a button pressed.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }
}

/// Reads a whole number; an empty field is `None`.
pub fn number<T: std::str::FromStr>(field: &str, text: &str, problems: &mut Vec<FieldError>) -> Option<T> {
    if text.is_empty() {
        return None;
    }
    let read = text.parse().ok();
    if read.is_none() {
        problems.push(FieldError::new(field, format!("expected a whole number, not {text:?}")));
    }
    read
}

/// Reads whole numbers with commas or spaces between them.
pub fn numbers<T: std::str::FromStr>(field: &str, text: &str, problems: &mut Vec<FieldError>) -> Vec<T> {
    let words = text.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty());
    let (good, bad): (Vec<_>, Vec<_>) = words.map(|word| word.parse().map_err(|_| word)).partition(Result::is_ok);
    if let Some(word) = bad.into_iter().find_map(Result::err) {
        problems.push(FieldError::new(field, format!("expected whole numbers with commas between them, not {word:?}")));
    }
    good.into_iter().filter_map(Result::ok).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_it_was_filled_in() {
        let sent = Sent::parse("name=+web+&source=%2Fa&source=&source=%2Fb%0D%0Ac&tick=on".as_bytes());
        assert_eq!((sent.text("name"), sent.text("missing")), ("web".to_owned(), String::new()));
        assert_eq!(sent.all("source"), ["/a", "/b\nc"]);
        assert!(sent.has("tick") && !sent.has("tock"));
        assert_eq!(sent.some("missing"), None);
    }

    #[test]
    fn what_is_no_number_is_named() {
        let mut problems = Vec::new();
        assert_eq!(number::<u32>("a", "", &mut problems), None);
        assert_eq!(number::<u32>("a", "12", &mut problems), Some(12));
        assert_eq!(numbers::<u32>("b", "24, 36", &mut problems), [24, 36]);
        assert!(problems.is_empty());
        assert_eq!(number::<u32>("a", "-1", &mut problems), None);
        assert_eq!(numbers::<u32>("b", "24, soon", &mut problems), [24]);
        assert_eq!(problems.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }
}
