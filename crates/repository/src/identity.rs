/// Who makes a commit, without the time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The name, `Jo Miller`.
    pub name: String,
    /// The address, `jo@example.org`; may be empty.
    pub email: String,
}

impl Identity {
    /// The default where neither the request nor the repository's configuration names a committer.
    pub fn fallback() -> Self {
        Self { name: "Longhaul".into(), email: "longhaul@localhost".into() }
    }

    /// An identity whose parts Git can store: the characters that end a header's field or line (`<`, `>`, control
    /// characters) are dropped, as Git itself does.
    ///
    /// `None` if nothing is left of the name.
    pub fn clean(name: &str, email: &str) -> Option<Self> {
        let clean = |text: &str| {
            let kept: String = text.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>')).collect();
            kept.trim().to_owned()
        };
        let name = clean(name);
        (!name.is_empty()).then(|| Self { name, email: clean(email) })
    }
}
