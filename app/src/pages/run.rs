//! One run and lists of them. Documents.
