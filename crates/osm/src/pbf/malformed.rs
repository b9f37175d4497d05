/// How a part of a file violates the format, as a sentence for an error message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(super) &'static str);
