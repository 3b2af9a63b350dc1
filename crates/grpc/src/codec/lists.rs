//! Counts the entries of the lists of a message that is still bytes.

use std::collections::HashMap;
use std::sync::LazyLock;

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use prost::{DecodeError, Message, Name};
use prost_types::field_descriptor_proto::Label;
use prost_types::{DescriptorProto, FileDescriptorSet};

use crate::pb;

/// How deep messages are looked into: as deep as they are read.
const MAX_DEPTH: usize = 100;

/// The fields of each message of the contract that are lists or messages.
static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    let contract = FileDescriptorSet::decode(pb::FILE_DESCRIPTOR_SET);
    Shapes::of(&contract.expect("the descriptors were made by this build"))
});

struct Field {
    number: u32,
    name: String,
    is_list: bool,
    /// The place of the shape of what it holds, where that is a message.
    message: Option<usize>,
}

struct Shapes {
    places: HashMap<String, usize>,
    fields: Vec<Vec<Field>>,
}

impl Shapes {
    fn of(contract: &FileDescriptorSet) -> Self {
        let mut messages = Vec::new();
        for file in &contract.file {
            let package = format!(".{}", file.package());
            file.message_type
                .iter()
                .for_each(|message| gather(&package, message, &mut messages));
        }
        let places = messages.iter().enumerate();
        let places = places.map(|(place, (name, _))| (name.clone(), place));
        let places: HashMap<_, _> = places.collect();
        let field = |field: &prost_types::FieldDescriptorProto| Field {
            number: field.number().try_into().unwrap_or_default(),
            name: field.name().to_owned(),
            is_list: field.label() == Label::Repeated,
            message: places.get(field.type_name()).copied(),
        };
        let fields = messages.iter().map(|(_, message)| {
            let fields = message.field.iter().map(field);
            fields
                .filter(|field| field.is_list || field.message.is_some())
                .collect()
        });
        let fields = fields.collect();
        Self { places, fields }
    }
}

/// The message and those that are declared within it, by their full names.
fn gather<'m>(
    within: &str,
    message: &'m DescriptorProto,
    all: &mut Vec<(String, &'m DescriptorProto)>,
) {
    let name = format!("{within}.{}", message.name());
    for nested in &message.nested_type {
        gather(&name, nested, all);
    }
    all.push((name, message));
}

/// The list that brings a message to more entries than `most` in all its lists, by its path.
/// Bytes that are no message are left to whoever reads them: they are counted up to the
/// fault, behind which nothing is read.
pub(super) fn over<M: Name>(message: &[u8], most: usize) -> Option<String> {
    let shape = *SHAPES.places.get(&format!(".{}", M::full_name()))?;
    let mut left = most;
    match count(message, shape, MAX_DEPTH, &mut left) {
        Err(Stop::Over(path)) => {
            let outside_in: Vec<_> = path.into_iter().rev().collect();
            Some(outside_in.join("."))
        }
        Ok(()) | Err(Stop::Fault) => None,
    }
}

enum Stop {
    /// Where it was, from the inside out.
    Over(Vec<&'static str>),
    Fault,
}

impl From<DecodeError> for Stop {
    fn from(_: DecodeError) -> Self {
        Self::Fault
    }
}

fn count(mut bytes: &[u8], shape: usize, depth: usize, left: &mut usize) -> Result<(), Stop> {
    let fields: &'static [Field] = SHAPES.fields.get(shape).ok_or(Stop::Fault)?;
    while !bytes.is_empty() {
        let (number, kind) = decode_key(&mut bytes)?;
        let field = fields.iter().find(|field| field.number == number);
        let (Some(field), WireType::LengthDelimited) = (field, kind) else {
            skip_field(kind, number, &mut bytes, DecodeContext::default())?;
            continue;
        };
        if field.is_list {
            *left = left
                .checked_sub(1)
                .ok_or_else(|| Stop::Over(vec![&field.name]))?;
        }
        let length = decode_varint(&mut bytes)?;
        let length = usize::try_from(length).map_err(|_| Stop::Fault)?;
        let (value, rest) = bytes.split_at_checked(length).ok_or(Stop::Fault)?;
        bytes = rest;
        let Some(message) = field.message else {
            continue;
        };
        let depth = depth.checked_sub(1).ok_or(Stop::Fault)?;
        count(value, message, depth, left).map_err(|stop| match stop {
            Stop::Over(mut path) => {
                path.push(&field.name);
                Stop::Over(path)
            }
            Stop::Fault => Stop::Fault,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pb::operation::Operation;
    use proptest::prelude::*;

    use super::*;

    fn over_3<M: Name>(message: &M) -> Option<String> {
        over::<M>(&message.encode_to_vec(), 3)
    }

    fn texts(count: usize) -> Vec<String> {
        vec![String::new(); count]
    }

    #[test]
    fn entries_of_all_lists_are_counted_together() {
        let request = |ids, emails| pb::BatchGetUsersRequest {
            ids: texts(ids),
            emails: texts(emails),
            ..pb::BatchGetUsersRequest::default()
        };
        assert_eq!(over_3(&request(3, 0)), None);
        assert_eq!(over_3(&request(2, 1)), None);
        assert_eq!(over_3(&request(4, 0)).as_deref(), Some("ids"));
        assert_eq!(over_3(&request(2, 2)).as_deref(), Some("emails"));
    }

    #[test]
    fn entries_are_counted_at_any_depth() {
        let of = |operation| pb::Operation {
            operation: Some(operation),
        };
        let request = |operations, paths| {
            let update = Operation::UpdateUser(pb::UpdateUserRequest {
                update_mask: Some(prost_types::FieldMask {
                    paths: texts(paths),
                }),
                ..pb::UpdateUserRequest::default()
            });
            let mut operations = vec![pb::Operation::default(); operations];
            operations.push(of(update));
            pb::ExecuteTransactionRequest {
                operations: vec![of(Operation::Nested(pb::NestedOperations { operations }))],
                ..pb::ExecuteTransactionRequest::default()
            }
        };
        assert_eq!(over_3(&request(0, 1)), None);
        assert_eq!(over_3(&request(1, 0)), None);
        let inside = "operations.nested.operations";
        assert_eq!(over_3(&request(2, 0)).as_deref(), Some(inside));
        let inmost = "operations.nested.operations.update_user.update_mask.paths";
        assert_eq!(over_3(&request(1, 1)).as_deref(), Some(inmost));
    }

    #[test]
    fn what_is_not_of_the_contract_hides_nothing() {
        let users = pb::ImportUsersRequest {
            users: vec![pb::User::default(); 4],
            ..pb::ImportUsersRequest::default()
        };
        // A group, a number, and a text, none of which the contract knows.
        let mut message = vec![
            0xfb, 0x07, 0xfc, 0x07, 0xf8, 0x07, 0x01, 0xfa, 0x07, 0x01, b'x',
        ];
        message.extend(users.encode_to_vec());
        pb::ImportUsersRequest::decode(&*message).expect("unknown fields are passed over");
        let over = over::<pb::ImportUsersRequest>(&message, 3);
        assert_eq!(over.as_deref(), Some("users"));
    }

    #[test]
    fn every_request_of_the_contract_is_known() {
        let contract = FileDescriptorSet::decode(pb::FILE_DESCRIPTOR_SET).unwrap();
        let services = contract.file.iter().flat_map(|file| &file.service);
        let methods: Vec<_> = services.flat_map(|service| &service.method).collect();
        assert!(methods.len() > 30, "{}", methods.len());
        for method in methods {
            assert!(SHAPES.places.contains_key(method.input_type()));
        }
    }

    fn entries(users: &[pb::User]) -> usize {
        let posts = users.iter().flat_map(|user| &user.posts);
        let authors = posts.clone().filter_map(|post| post.author.as_ref());
        let within = authors.map(|author| entries(std::slice::from_ref(author)) - 1);
        users.len() + posts.count() + within.sum::<usize>()
    }

    proptest! {
        /// As many as there are once the message was read.
        #[test]
        fn bytes_are_counted_as_they_are_read(bytes: Vec<u8>, rows in 0..6_usize) {
            let mut message = [0x12, 0x00].repeat(rows);
            message.extend(bytes);
            let over = over::<pb::ImportUsersRequest>(&message, 3);
            if let Ok(request) = pb::ImportUsersRequest::decode(&*message) {
                prop_assert_eq!(over.is_some(), entries(&request.users) > 3);
            }
        }
    }
}
