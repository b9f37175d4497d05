//! Ids of Git objects.

/// The SHA-1 id of an object.
pub(crate) type Id = [u8; 20];

/// The type of an object; the numbers are those of gitformat-pack(5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    Commit = 1,
    Tree = 2,
    Blob = 3,
}

impl ObjectKind {
    fn word(self) -> &'static [u8] {
        match self {
            Self::Commit => b"commit ",
            Self::Tree => b"tree ",
            Self::Blob => b"blob ",
        }
    }
}

/// An object of a SHA-1 collision attack. Git refuses it, too.
#[derive(Debug, thiserror::Error)]
#[error("a value is part of a SHA-1 collision attack")]
pub struct Collision;

/// The id of an object.
///
/// # Errors
/// If the bytes are part of a collision attack: files may be hostile, and a repository that
/// holds such an object could no longer be cloned.
pub(crate) fn id_of(kind: ObjectKind, data: &[u8]) -> Result<Id, Collision> {
    let mut digits = [0; 20];
    let header = [kind.word(), decimal(data.len(), &mut digits), &[0]];
    let mut hasher = sha1dc::Hasher::new();
    header.into_iter().chain([data]).for_each(|part| hasher.update(part));
    hasher.finalize().map(Id::from).map_err(|_| Collision)
}

/// The id without its kind: every repository here names objects by SHA-1.
pub(crate) fn bytes(id: gix::ObjectId) -> Id {
    id.as_bytes().try_into().expect("a SHA-1 has twenty bytes")
}

fn decimal(mut number: usize, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}

#[cfg(test)]
mod tests {
    use sha1::{Digest, Sha1};

    use super::*;

    fn hex(id: Id) -> String {
        id.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn ids_are_those_of_git() {
        let empty_tree = id_of(ObjectKind::Tree, b"").unwrap();
        assert_eq!(hex(empty_tree), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
        let hello = id_of(ObjectKind::Blob, b"hello\n").unwrap();
        assert_eq!(hex(hello), "ce013625030ba8dba906f756967f9e9ca394464a");
    }

    #[test]
    fn objects_of_any_length_are_named_by_plain_sha_1() {
        let data: Vec<u8> = (0..600).map(|at| (at * at) as u8).collect();
        for long in 0..data.len() {
            let object = [format!("blob {long}\0").as_bytes(), &data[..long]].concat();
            let expected: Id = Sha1::digest(&object).into();
            assert_eq!(id_of(ObjectKind::Blob, &data[..long]).unwrap(), expected, "{long} bytes");
        }
    }
}
