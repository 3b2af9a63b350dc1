//! Requests of every method, made by its descriptor: whatever is added to the contract is filled too.

use std::collections::{BTreeSet, HashMap};

use byline_grpc::pb;
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};

/// How deep requests are filled: down to an operation within a group of a transaction.
const DEPTH: usize = 6;

/// A text field of a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The name of its message, such as `User`.
    pub(super) message: String,
    pub(super) field: String,
}

/// What a text field at that place is filled with; the second says whether it is the request's own.
pub(super) type Fill<'f> = &'f dyn Fn(&Place, bool) -> Option<Vec<u8>>;

pub(super) struct Method {
    /// Such as `byline.v1.UserService/GetUser`.
    pub(super) name: String,
    input: String,
}

pub(super) struct Contract {
    messages: HashMap<String, DescriptorProto>,
    pub(super) methods: Vec<Method>,
}

impl Contract {
    pub(super) fn read() -> Self {
        let set = FileDescriptorSet::decode(pb::FILE_DESCRIPTOR_SET).unwrap();
        let mut messages = HashMap::new();
        let mut methods = Vec::new();
        for file in set.file {
            let package = file.package().to_owned();
            for service in &file.service {
                methods.extend(service.method.iter().map(|method| Method {
                    name: format!("{package}.{}/{}", service.name(), method.name()),
                    input: method.input_type().to_owned(),
                }));
            }
            let named =
                |message: DescriptorProto| (format!(".{package}.{}", message.name()), message);
            messages.extend(file.message_type.into_iter().map(named));
        }
        Self { messages, methods }
    }

    /// Its requests, one for each alternative that it has.
    pub(super) fn requests(&self, method: &Method, fill: Fill<'_>) -> Vec<Vec<u8>> {
        self.variants(&method.input, fill, DEPTH)
    }

    /// The places of text in its requests.
    pub(super) fn places(&self, method: &Method) -> BTreeSet<Place> {
        let places = std::cell::RefCell::new(BTreeSet::new());
        self.requests(method, &|place, _| {
            places.borrow_mut().insert(place.clone());
            None
        });
        places.into_inner()
    }

    fn variants(&self, message: &str, fill: Fill<'_>, depth: usize) -> Vec<Vec<u8>> {
        let Some(of) = self.messages.get(message).filter(|_| depth > 0) else {
            return vec![Vec::new()];
        };
        let mut all = Vec::new();
        let mut alternatives = Vec::new();
        for field in of
            .field
            .iter()
            .filter(|field| !is_answered_alone(of, field))
        {
            let bytes = self.field(of, field, fill, depth);
            if field.oneof_index.is_some() && !field.proto3_optional() {
                alternatives.push(bytes);
            } else {
                all.extend(bytes);
            }
        }
        if alternatives.is_empty() {
            return vec![all];
        }
        let with = |bytes: Vec<u8>| [all.clone(), bytes].concat();
        alternatives.into_iter().map(with).collect()
    }

    fn field(
        &self,
        of: &DescriptorProto,
        field: &FieldDescriptorProto,
        fill: Fill<'_>,
        depth: usize,
    ) -> Vec<u8> {
        let number = u32::try_from(field.number()).unwrap();
        let mut bytes = Vec::new();
        let kind = field.r#type();
        if kind == Type::Enum && field.name() == "atomicity" {
            // A request that is wrong is told of by itself.
            encode_key(number, WireType::Varint, &mut bytes);
            encode_varint(pb::Atomicity::Each as u64, &mut bytes);
        }
        let values = if kind == Type::String || kind == Type::Bytes {
            let place = Place {
                message: of.name().to_owned(),
                field: field.name().to_owned(),
            };
            fill(&place, depth == DEPTH).into_iter().collect()
        } else if kind == Type::Message {
            let mut all = self.variants(field.type_name(), fill, depth - 1);
            if field.label() != Label::Repeated {
                all.truncate(1);
            }
            // An empty message would set what is not meant, such as a time.
            all.retain(|it| !it.is_empty());
            all
        } else {
            Vec::new()
        };
        for value in values {
            encode_key(number, WireType::LengthDelimited, &mut bytes);
            encode_varint(value.len() as u64, &mut bytes);
            bytes.extend(value);
        }
        bytes
    }
}

/// Relations, which are read and never written.
fn is_answered_alone(of: &DescriptorProto, field: &FieldDescriptorProto) -> bool {
    matches!(
        (of.name(), field.name()),
        ("User", "posts") | ("Post", "author")
    )
}
