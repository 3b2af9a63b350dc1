//! The first bytes of HTTP/2, by which a client says that it speaks it (RFC 9113, section 3.4).

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

pub(super) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Reads the preface, and nothing after it. Fails at the first byte that is another.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let mut bytes = [0; PREFACE.len()];
    let mut length = 0;
    while length < bytes.len() {
        let more = stream.read(&mut bytes[length..]).await?;
        if more == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        length += more;
        if !PREFACE.starts_with(&bytes[..length]) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it does not speak HTTP/2",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_read_to_its_end_and_no_further() {
        let bytes = [PREFACE.as_slice(), b"rest"].concat();
        let mut stream = bytes.as_slice();
        read(&mut stream).await.unwrap();
        assert_eq!(stream, b"rest");
    }

    #[tokio::test]
    async fn anything_else_is_refused() {
        let kind = async |bytes: &[u8]| read(&mut &bytes[..]).await.unwrap_err().kind();
        assert_eq!(kind(b"").await, io::ErrorKind::UnexpectedEof);
        assert_eq!(kind(b"PRI * HTTP/2.0").await, io::ErrorKind::UnexpectedEof);
        for other in [
            b"\x16\x03\x01".as_slice(),
            b"GET / HTTP/1.1\r\n",
            b"PRI * HTTP/2.1",
        ] {
            assert_eq!(kind(other).await, io::ErrorKind::InvalidData);
        }
    }
}
