//! TLS set-up, certificate selection and the local certificate authority.
