//! Holds what counts the entries of lists in a message that is still bytes to what is there once it
//! was read.
#![no_main]

use byline_fuzz::hold;
use libfuzzer_sys::fuzz_target;
use prost::Message;

use pb::Node;

#[path = "../../crates/grpc/src/codec/lists.rs"]
mod lists;

/// A contract with a list of each kind, and what leads to more of them.
mod pb {
    use prost::Name;

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Node {
        #[prost(message, repeated, tag = "1")]
        pub(crate) nodes: Vec<Node>,
        #[prost(message, optional, boxed, tag = "2")]
        pub(crate) next: Option<Box<Node>>,
        #[prost(string, repeated, tag = "3")]
        pub(crate) texts: Vec<String>,
        #[prost(string, tag = "4")]
        pub(crate) text: String,
        #[prost(message, repeated, tag = "5")]
        pub(crate) leaves: Vec<Leaf>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Leaf {
        #[prost(string, repeated, tag = "1")]
        pub(crate) texts: Vec<String>,
    }

    impl Name for Node {
        const NAME: &'static str = "Node";
        const PACKAGE: &'static str = "fuzz";
    }

    /// The same, as the program has that of its own contract.
    pub(crate) const FILE_DESCRIPTOR_SET: &[u8] = b"\x0a\x99\x01\x12\x04fuzz\
        \x22\x90\x01\x0a\x04Node\
        \x12\x19\x0a\x05nodes\x18\x01 \x03(\x0b2\x0a.fuzz.Node\
        \x12\x18\x0a\x04next\x18\x02 \x01(\x0b2\x0a.fuzz.Node\
        \x12\x0d\x0a\x05texts\x18\x03 \x03(\x09\
        \x12\x0c\x0a\x04text\x18\x04 \x01(\x09\
        \x12\x1f\x0a\x06leaves\x18\x05 \x03(\x0b2\x0f.fuzz.Node.Leaf\
        \x1a\x15\x0a\x04Leaf\x12\x0d\x0a\x05texts\x18\x01 \x03(\x09";
}

fuzz_target!(|bytes: &[u8]| {
    let Some((most, message)) = bytes.split_first() else {
        return;
    };
    let most = usize::from(*most);
    let over = lists::over::<Node>(message, most);
    let read = Node::decode(message);
    let is_within = read.is_ok() && over.is_none();
    if let Ok(node) = read {
        let entries = entries(&node);
        assert_eq!(over.is_some(), entries > most, "{entries} and {most}");
        // What is written again is the same message.
        let again = node.encode_to_vec();
        assert_eq!(lists::over::<Node>(&again, entries), None);
        let fewer = entries.checked_sub(1);
        assert!(fewer.is_none_or(|fewer| lists::over::<Node>(&again, fewer).is_some()));
    }
    if let Some(path) = over {
        check_path(&path);
    }
    hold(bytes, &[("", is_within)]);
});

fn entries(node: &Node) -> usize {
    let within = node.nodes.iter().chain(node.next.as_deref()).map(entries);
    let texts = node.leaves.iter().map(|leaf| leaf.texts.len());
    let own = node.nodes.len() + node.texts.len() + node.leaves.len();
    own + within.sum::<usize>() + texts.sum::<usize>()
}

/// The path of a list: through messages to the one that has it.
fn check_path(path: &str) {
    let names: Vec<_> = path.split('.').collect();
    let Some((last, outer)) = names.split_last() else {
        panic!("no path");
    };
    let (leaf, nodes) = match outer.split_last() {
        Some((&"leaves", nodes)) => (true, nodes),
        Some(_) | None => (false, outer),
    };
    let ends = ["nodes", "texts", "leaves"];
    assert!(
        if leaf {
            *last == "texts"
        } else {
            ends.contains(last)
        },
        "{path}"
    );
    assert!(
        nodes.iter().all(|name| ["nodes", "next"].contains(name)),
        "{path}"
    );
}
