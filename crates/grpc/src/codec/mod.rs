//! How messages are read and written: as Protocol Buffers, once it is known that the lists of a request
//! are within their bound.
//!
//! An entry of a list may take two bytes on the wire and hundreds in memory, so that a message of
//! four megabytes could take half a gigabyte, before anybody looked at its fields.

mod lists;

use std::marker::PhantomData;

use byline_domain::error::{Invalid, Reason};
use prost::bytes::Buf as _;
use prost::{Message, Name};
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder};
use tonic_prost::{ProstCodec, ProstDecoder, ProstEncoder};

use crate::status::invalid;

/// How many entries the lists of a request may have together, at any depth.
pub(crate) const MAX_ENTRIES: usize = 10_000;

/// No entry takes fewer bytes than this, its key and its length.
const LEAST_OF_ENTRY: usize = 2;

/// The codec of the generated code.
pub(crate) struct BoundedCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for BoundedCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for BoundedCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Name + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = BoundedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::default().encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        BoundedDecoder(ProstCodec::<T, U>::default().decoder())
    }
}

/// Reads messages.
pub(crate) struct BoundedDecoder<U>(ProstDecoder<U>);

impl<U: Message + Name + Default> Decoder for BoundedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        // A message lies in one piece in its buffer.
        let message = bytes.chunk();
        if message.len() > MAX_ENTRIES * LEAST_OF_ENTRY
            && let Some(list) = lists::over::<U>(message, MAX_ENTRIES)
        {
            let bound = format!("must have at most {MAX_ENTRIES} entries, with all other lists");
            let error = Invalid::new(Reason::OutOfRange, bound).at(&list);
            return Err(invalid(&error.into()));
        }
        self.0.decode(bytes)
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.0.buffer_settings()
    }
}
