//! The outgoing client: names, pools and connections.
