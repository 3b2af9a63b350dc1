//! Keys that sign tokens, good and bad ones. Made anew for each run, so that no private key
//! lies in the repository.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use rcgen::{KeyPair, RsaKeySize, SignatureAlgorithm};
use serde_json::{Value, json};

/// Making one takes long.
static RSA: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    // PKCS #1, which is what PKCS #8 wraps in 26 bytes at this size.
    key.serialized_der()[26..].to_vec()
});

pub(super) fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A private key, and by what it signs.
pub(super) struct SigningKey {
    private: EncodingKey,
    algorithm: Algorithm,
    /// The public part.
    jwk: Value,
}

impl SigningKey {
    pub(super) fn es256(kid: &str) -> Self {
        let der = generate(&rcgen::PKCS_ECDSA_P256_SHA256);
        Self::new(kid, EncodingKey::from_ec_der(&der), Algorithm::ES256)
    }

    pub(super) fn es384(kid: &str) -> Self {
        let der = generate(&rcgen::PKCS_ECDSA_P384_SHA384);
        Self::new(kid, EncodingKey::from_ec_der(&der), Algorithm::ES384)
    }

    pub(super) fn ed25519(kid: &str) -> Self {
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let x = base64(key.public_key_raw());
        Self {
            private: EncodingKey::from_ed_der(key.serialized_der()),
            algorithm: Algorithm::EdDSA,
            jwk: json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid }),
        }
    }

    /// Always the same.
    pub(super) fn rsa(kid: &str, algorithm: Algorithm) -> Self {
        Self::new(kid, EncodingKey::from_rsa_der(&RSA), algorithm)
    }

    fn new(kid: &str, private: EncodingKey, algorithm: Algorithm) -> Self {
        let jwk = Jwk::from_encoding_key(&private, algorithm).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk.as_object_mut().unwrap().remove("alg");
        jwk["kid"] = json!(kid);
        Self {
            private,
            algorithm,
            jwk,
        }
    }

    pub(super) fn public(&self) -> Value {
        self.jwk.clone()
    }

    /// The public part with some members put in place of what was there.
    pub(super) fn public_with(&self, changes: &Value) -> Value {
        let mut jwk = self.public();
        for (name, value) in changes.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        jwk
    }

    pub(super) fn header(&self) -> Value {
        json!({ "alg": format!("{:?}", self.algorithm), "kid": self.jwk["kid"] })
    }

    /// A token that says what it should.
    pub(super) fn token(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }

    /// Signs whatever it is given.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    pub(super) fn sign_text(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", base64(header), base64(claims));
        let signature = crypto::sign(message.as_bytes(), &self.private, self.algorithm);
        format!("{message}.{}", signature.unwrap())
    }
}

fn generate(algorithm: &'static SignatureAlgorithm) -> Vec<u8> {
    let key = KeyPair::generate_for(algorithm).unwrap();
    key.serialized_der().to_vec()
}
