//! Plain forms: what was sent, what is wrong with it, and the fields that show both again. Names of fields are the names that
//! problems use, so each problem finds its field.

mod fields;
mod sent;

pub use self::fields::{Choice, Lines, Text, check_box, check_value, choice, group, lines, multiline, problem_of, problem_summary, text};
pub use self::sent::{Sent, number, numbers};
use crate::model::FieldError;

/// Every problem of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<FieldError>);

impl Problems {
    /// The problems in the order of the form, whose fields and groups of fields are named.
    #[must_use]
    pub fn in_order(mut self, form: &[&str]) -> Self {
        let place = |field: &str| {
            let group = field.split(['.', '[']).next().unwrap_or_default();
            form.iter().position(|name| *name == group).unwrap_or(form.len())
        };
        self.0.sort_by_key(|problem| place(&problem.field));
        self
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first problem of a field.
    pub fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|problem| problem.field == field).map(|problem| problem.reason.as_str())
    }
}

/// The id of a field's control.
pub fn id_of(field: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("field-{}", field.trim_end_matches(']').chars().map(plain).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_come_in_the_order_of_the_form() {
        let problem = |field: &str| FieldError::new(field, "expected something else");
        let problems =
            Problems(vec![problem("cron"), problem("files.sources[1]"), problem("odd"), problem("files.destination"), problem("name")]);
        let sorted: Vec<_> = problems.in_order(&["name", "files", "cron"]).0.into_iter().map(|problem| problem.field).collect();
        assert_eq!(sorted, ["name", "files.sources[1]", "files.destination", "cron", "odd"]);
    }

    #[test]
    fn ids_follow_from_names() {
        assert_eq!(id_of("files.sources[0]"), "field-files-sources-0");
        assert_eq!(id_of("name"), "field-name");
    }
}
