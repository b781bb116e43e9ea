//! Makes responses out of the site's response records.

use zs_abi::HeadTarget;
use zs_abi::tables::{
    RESPONSE_CLOSE, RESPONSE_ERROR_STATUS, RESPONSE_SNIFF_JSON, Response as Record, ResponseId,
};
use zs_io::Clock;
use zs_proto::{ascii, json};

use crate::exchange::{Body, Exchange};
use crate::expand::Expander;
use crate::header_list;
use crate::site::LoadedSite;

/// Why a response could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RespondError {
    /// Site code named a record that does not exist.
    Number,
    /// The status' placeholders gave something else than a status.
    Status,
}

/// Fills in the exchange's response from a record.
///
/// # Errors
/// See [`RespondError`].
pub fn respond(
    site: &'static LoadedSite,
    exchange: &mut Exchange,
    clock: Clock,
    number: ResponseId,
    scratch: &mut header_list::Scratch,
) -> Result<(), RespondError> {
    let record: Record = site.data.record(number.0).ok_or(RespondError::Number)?;
    if record.flags & RESPONSE_CLOSE != 0 {
        exchange.response.close = true;
        exchange.response.head.set(b"Connection", b"close");
    }
    if let Some(list) = record.headers {
        let target = HeadTarget::Response;
        if !header_list::apply(site, exchange, clock, list, target, scratch) {
            return Err(RespondError::Number);
        }
    }
    set_body(site, exchange, clock, &record);
    set_content_type(site, exchange, &record);
    // Last, as in Caddy: the fields stay when there is no such status.
    match status(site, exchange, clock, &record) {
        Ok(status) => exchange.response.status = status,
        Err(error) => {
            exchange.response.drop_body();
            return Err(error);
        }
    }
    Ok(())
}

fn status(
    site: &'static LoadedSite,
    exchange: &Exchange,
    clock: Clock,
    record: &Record,
) -> Result<u16, RespondError> {
    let raised = exchange.raised().map(|raised| raised.status);
    if let (Some(raised), true) = (raised, record.flags & RESPONSE_ERROR_STATUS != 0) {
        return Ok(raised);
    }
    let number = match record.status_template {
        None => u64::from(record.status),
        Some(template) => {
            let mut text = Vec::new();
            let expander = Expander {
                site,
                exchange,
                clock,
            };
            expander.template(template, &mut text);
            ascii::parse_decimal(&text).ok_or(RespondError::Status)?
        }
    };
    match u16::try_from(number) {
        Ok(status @ 100..=999) => Ok(status),
        _ => Err(RespondError::Status),
    }
}

fn set_body(site: &'static LoadedSite, exchange: &mut Exchange, clock: Clock, record: &Record) {
    exchange.response.drop_body();
    if record.body.template.is_none() {
        let bytes = site.text(record.body.text);
        exchange.response.body = if bytes.is_empty() {
            Body::Empty
        } else {
            Body::Constant(bytes)
        };
        return;
    }
    let mut text = std::mem::take(&mut exchange.response.text);
    let expander = Expander {
        site,
        exchange,
        clock,
    };
    expander.value(&record.body, &mut text);
    exchange.response.body = if text.is_empty() {
        Body::Empty
    } else {
        Body::Text
    };
    exchange.response.text = text;
}

/// A body whose type nothing has told gets the record's, or is looked at; a
/// response without a body gets none.
fn set_content_type(site: &'static LoadedSite, exchange: &mut Exchange, record: &Record) {
    let response = &mut exchange.response;
    if response.body == Body::Empty {
        return;
    }
    let told = response.head.first(b"Content-Type");
    let present = told.is_some();
    if told.is_some_and(|value| !value.is_empty()) {
        return;
    }
    let sniff = record.flags & RESPONSE_SNIFF_JSON != 0;
    let content_type = if sniff && json::is_object_or_array(response.ready_bytes()) {
        b"application/json"
    } else if sniff {
        &b"text/plain; charset=utf-8"[..]
    } else {
        site.text(record.content_type)
    };
    if present && !content_type.is_empty() {
        response.head.set(b"Content-Type", content_type);
    } else if !content_type.is_empty() {
        response.head.push_canonical(b"Content-Type", content_type);
    }
}
