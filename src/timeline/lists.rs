//! Lists that stop being read when they get too long, before they fill the memory.

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// What stands in a list that has a greatest length.
pub(super) trait Listed: Sized {
    /// What is too many in this list, if anything is: `more than 10 of them`.
    fn too_many(list: &[Self]) -> Option<String>;
}

/// Reads a list up to the first element that is too many.
pub(super) fn bounded<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Listed,
{
    deserializer.deserialize_seq(Bounded(PhantomData))
}

struct Bounded<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Listed> Visitor<'de> for Bounded<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = seq.next_element()? {
            list.push(element);
            if let Some(why) = T::too_many(&list) {
                return Err(A::Error::custom(why));
            }
        }
        Ok(list)
    }
}
