//! What the messages of the contract have of fields that a file and an import can have.

use prost_types::Timestamp;

/// A user.
#[derive(Clone, PartialEq, prost::Message)]
pub struct User {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub email: String,
    #[prost(string, optional, tag = "3")]
    pub name: Option<String>,
    #[prost(string, tag = "4")]
    pub role: String,
    #[prost(bool, optional, tag = "5")]
    pub is_active: Option<bool>,
    #[prost(message, optional, tag = "6")]
    pub created_at: Option<Timestamp>,
    #[prost(message, optional, tag = "7")]
    pub updated_at: Option<Timestamp>,
    #[prost(message, optional, tag = "8")]
    pub deleted_at: Option<Timestamp>,
    #[prost(message, optional, tag = "9")]
    pub purge_at: Option<Timestamp>,
    #[prost(string, tag = "10")]
    pub etag: String,
}

/// A post.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Post {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub title: String,
    #[prost(string, optional, tag = "3")]
    pub content: Option<String>,
    #[prost(bool, optional, tag = "4")]
    pub published: Option<bool>,
    #[prost(message, optional, tag = "5")]
    pub published_at: Option<Timestamp>,
    #[prost(string, tag = "6")]
    pub author_id: String,
    #[prost(message, optional, tag = "7")]
    pub created_at: Option<Timestamp>,
    #[prost(message, optional, tag = "8")]
    pub updated_at: Option<Timestamp>,
    #[prost(message, optional, tag = "9")]
    pub deleted_at: Option<Timestamp>,
    #[prost(message, optional, tag = "10")]
    pub purge_at: Option<Timestamp>,
    #[prost(string, tag = "11")]
    pub etag: String,
}
