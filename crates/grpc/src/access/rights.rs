//! What each method needs, as the contract says it by the option `(byline.v1.access)`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use byline_domain::access::{Caller, Scope, Scopes};
use prost::Message;

use crate::pb;

/// What a method needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Needs {
    /// All of these.
    pub(crate) all: Scopes,
    /// At least one of these, if there are any: its request holds operations, which need more.
    pub(crate) any: Scopes,
}

impl Needs {
    /// What the caller lacks; none if it may call.
    pub(crate) fn missing(self, caller: &Caller) -> Scopes {
        let all = caller.lacks(self.all);
        let is_enough = self.any.is_empty() || self.any.iter().any(|scope| caller.may(scope));
        if is_enough { all } else { all.and(self.any) }
    }
}

/// What the methods of the contract need.
pub(crate) struct Rights {
    /// By path; absent where the contract says nothing: nobody may call that.
    methods: HashMap<String, Option<Needs>>,
    /// By the full name of the request.
    requests: HashMap<String, Scopes>,
    /// The paths of methods whose requests are streams.
    streams: HashSet<String>,
}

static RIGHTS: LazyLock<Rights> = LazyLock::new(|| {
    Rights::read(pb::FILE_DESCRIPTOR_SET).expect("a test reads the descriptors of this build")
});

/// What this contract says.
pub(crate) fn contract() -> &'static Rights {
    &RIGHTS
}

/// What of a descriptor cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error(transparent)]
    Descriptor(#[from] prost::DecodeError),
    #[error("{method} needs {scope:?}, which is no scope")]
    Scope { method: String, scope: String },
}

impl Rights {
    fn read(descriptors: &[u8]) -> Result<Self, Unreadable> {
        let files = Files::decode(descriptors)?.files;
        let messages = files.iter().flat_map(|file| {
            let named = |message: &'_ MessageType| {
                let fields = message.fields.iter().map(|field| field.type_name.clone());
                let name = format!(".{}.{}", file.package, message.name);
                (name, fields.collect::<Vec<_>>())
            };
            file.messages.iter().map(named).collect::<Vec<_>>()
        });
        let messages: HashMap<_, _> = messages.collect();
        let mut rights = Self {
            methods: HashMap::new(),
            requests: HashMap::new(),
            streams: HashSet::new(),
        };
        let mut of_operations = Vec::new();
        for file in &files {
            for service in &file.services {
                for method in &service.methods {
                    let path = format!("/{}.{}/{}", file.package, service.name, method.name);
                    let access = method.options.as_ref().and_then(|it| it.access.as_ref());
                    let needs = access.map(|access| needs(&path, access)).transpose()?;
                    if let Some(needs) = needs {
                        let input = method.input.trim_start_matches('.');
                        rights.requests.insert(input.to_owned(), needs.all);
                    }
                    if access.is_some_and(|access| access.operations) {
                        of_operations.push((path.clone(), method.input.clone()));
                    }
                    if method.is_stream {
                        rights.streams.insert(path.clone());
                    }
                    rights.methods.insert(path, needs);
                }
            }
        }
        for (path, input) in of_operations {
            let any = within(&input, &messages)
                .iter()
                .filter(|name| **name != input)
                .filter_map(|name| rights.requests.get(name.trim_start_matches('.')))
                .fold(Scopes::NONE, |any, scopes| any.and(*scopes));
            if let Some(Some(needs)) = rights.methods.get_mut(&path) {
                needs.any = any;
            }
        }
        Ok(rights)
    }

    /// What the method at that path needs; `None` if there is none, or nobody may call it.
    pub(crate) fn of_method(&self, path: &str) -> Option<Needs> {
        self.methods.get(path).copied().flatten()
    }

    /// Whether there is a method at that path.
    pub(crate) fn has_method(&self, path: &str) -> bool {
        self.methods.contains_key(path)
    }

    /// Whether the method at that path takes any number of messages.
    pub(crate) fn is_stream(&self, path: &str) -> bool {
        self.streams.contains(path)
    }

    /// The name of the method at that path.
    pub(crate) fn name_of(&self, path: &str) -> Option<&str> {
        let (path, _) = self.methods.get_key_value(path)?;
        Some(path.trim_start_matches('/'))
    }

    /// What the method of that request needs; everything if there is none.
    pub(crate) fn of_request<R: prost::Name>(&self) -> Scopes {
        let known = self.requests.get(&R::full_name());
        known.copied().unwrap_or_else(Scopes::all)
    }
}

fn needs(path: &str, access: &pb::Access) -> Result<Needs, Unreadable> {
    let mut all = Scopes::NONE;
    for name in &access.scopes {
        let scope = Scope::named(name).ok_or_else(|| Unreadable::Scope {
            method: path.to_owned(),
            scope: name.clone(),
        })?;
        all = all.with(scope);
    }
    let any = Scopes::NONE;
    Ok(Needs { all, any })
}

/// The messages that a message can hold, at any depth, itself among them.
fn within<'m>(name: &'m str, messages: &'m HashMap<String, Vec<String>>) -> HashSet<&'m str> {
    let mut found = HashSet::new();
    let mut next = vec![name];
    while let Some(name) = next.pop() {
        if found.insert(name) {
            next.extend(messages.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    found
}

/// Of google.protobuf.FileDescriptorSet as much as is asked for: the types that prost brings
/// along drop options that they do not know.
#[derive(Clone, PartialEq, Message)]
struct Files {
    #[prost(message, repeated, tag = "1")]
    files: Vec<File>,
}

#[derive(Clone, PartialEq, Message)]
struct File {
    #[prost(string, tag = "2")]
    package: String,
    #[prost(message, repeated, tag = "4")]
    messages: Vec<MessageType>,
    #[prost(message, repeated, tag = "6")]
    services: Vec<ServiceType>,
}

#[derive(Clone, PartialEq, Message)]
struct MessageType {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    fields: Vec<FieldType>,
}

#[derive(Clone, PartialEq, Message)]
struct FieldType {
    #[prost(string, tag = "6")]
    type_name: String,
}

#[derive(Clone, PartialEq, Message)]
struct ServiceType {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    methods: Vec<MethodType>,
}

#[derive(Clone, PartialEq, Message)]
struct MethodType {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    input: String,
    #[prost(message, optional, tag = "4")]
    options: Option<Options>,
    #[prost(bool, tag = "5")]
    is_stream: bool,
}

#[derive(Clone, PartialEq, Message)]
struct Options {
    #[prost(message, optional, tag = "50311")]
    access: Option<pb::Access>,
}

/// What a contract of these methods says, of which each needs a scope or says nothing.
#[cfg(test)]
fn contract_of(methods: &[(&str, Option<&str>)]) -> Result<Rights, Unreadable> {
    let method = |(name, scope): &(&str, Option<&str>)| MethodType {
        name: (*name).to_owned(),
        input: format!(".p.{name}Request"),
        options: Some(Options {
            access: scope.map(|scope| pb::Access {
                scopes: vec![scope.to_owned()],
                operations: false,
            }),
        }),
        is_stream: false,
    };
    let files = Files {
        files: vec![File {
            package: "p".to_owned(),
            messages: Vec::new(),
            services: vec![ServiceType {
                name: "S".to_owned(),
                methods: methods.iter().map(method).collect(),
            }],
        }],
    };
    Rights::read(&files.encode_to_vec())
}

/// Of a method `/p.S/Said`, which needs `transfer`, and of `/p.S/Unsaid`, which says nothing.
#[cfg(test)]
pub(crate) fn of_two_methods() -> Rights {
    let two = contract_of(&[("Said", Some("transfer")), ("Unsaid", None)]);
    two.expect("its scope is one")
}

#[cfg(test)]
mod tests {
    use byline_domain::access::{CallerName, Way};

    use super::*;

    fn caller(scopes: &str) -> Caller {
        let name = CallerName::parse("web").unwrap();
        let scopes = scopes.split_whitespace();
        Caller::new(Way::Key, &name, Scopes::known(scopes))
    }

    #[test]
    fn every_method_says_what_it_needs() {
        let rights = Rights::read(pb::FILE_DESCRIPTOR_SET).unwrap();
        assert!(rights.methods.len() > 30);
        for (path, needs) in &rights.methods {
            let needs = needs.unwrap_or_else(|| panic!("{path} has no option (access)"));
            assert!(
                !needs.all.and(needs.any).is_empty(),
                "{path} is open to everybody"
            );
        }
    }

    #[test]
    fn each_request_is_of_one_method() {
        // Else what an operation needs would depend on which is read last.
        assert_eq!(contract().requests.len(), contract().methods.len());
    }

    #[test]
    fn a_transaction_needs_one_of_the_scopes_that_operations_need() {
        let path = "/byline.v1.TransactionService/ExecuteTransaction";
        let needs = contract().of_method(path).unwrap();
        assert_eq!(needs.all, Scopes::NONE);
        assert_eq!(needs.any.to_string(), "users.write, posts.write");
        assert!(needs.missing(&caller("posts.write")).is_empty());
        let missing = needs.missing(&caller("users.read transfer"));
        assert_eq!(missing.to_string(), "users.write, posts.write");
    }

    #[test]
    fn a_method_that_says_nothing_is_allowed_to_nobody_and_a_wrong_scope_is_told() {
        let rights = of_two_methods();
        assert!(rights.of_method("/p.S/Said").is_some());
        assert!(rights.has_method("/p.S/Unsaid"));
        assert_eq!(rights.of_method("/p.S/Unsaid"), None);
        assert_eq!(rights.of_method("/p.S/None"), None);

        let error = contract_of(&[("Wrong", Some("users.reed"))])
            .err()
            .map(|error| error.to_string());
        let message = "/p.S/Wrong needs \"users.reed\", which is no scope";
        assert_eq!(error.as_deref(), Some(message));
    }
}
