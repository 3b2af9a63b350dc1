//! How secret keys are written by operators.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretBox, SecretSlice};

/// How many bytes a key has.
pub(crate) const KEY_BYTES: usize = 32;

const PADDED_OR_NOT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const ALPHABETS: [GeneralPurpose; 2] = [
    GeneralPurpose::new(&alphabet::STANDARD, PADDED_OR_NOT),
    GeneralPurpose::new(&alphabet::URL_SAFE, PADDED_OR_NOT),
];

/// Reads a key of 32 bytes, in base64 of the standard or the URL alphabet, padded or not, or in
/// hex.
pub(crate) fn read(text: &str) -> Option<SecretBox<[u8; KEY_BYTES]>> {
    // 64 hex digits are base64 too, but of 48 bytes.
    let bytes = if text.len() == 2 * KEY_BYTES {
        from_hex(text)
    } else {
        ALPHABETS
            .iter()
            .find_map(|alphabet| alphabet.decode(text).ok())
    };
    let bytes: SecretSlice<u8> = bytes?.into();
    let bytes = bytes.expose_secret();
    (bytes.len() == KEY_BYTES)
        .then(|| SecretBox::init_with_mut(|key: &mut [u8; KEY_BYTES]| key.copy_from_slice(bytes)))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8]| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok();
    text.as_bytes().chunks_exact(2).map(byte).collect()
}
