//! What site code does to a request's body before anything reads it.

use zs_abi::tables::TemplateId;

use crate::exchange::Exchange;
use crate::expand::Expander;
use crate::site::LoadedSite;

/// Limits how much is read of the body; whether it is known to be longer.
pub(crate) fn limit(exchange: &mut Exchange, bytes: u64) -> bool {
    exchange.request_body.limit(bytes);
    let told = exchange.request.content_length;
    exchange.request_body.has_overrun() || told.is_some_and(|length| length > bytes)
}

/// Puts a text in the place of the body. What the client sends of the one that
/// it has is read for nobody, when the response is written.
pub(crate) fn replace(
    site: &'static LoadedSite,
    exchange: &mut Exchange,
    clock: zs_io::Clock,
    template: TemplateId,
) {
    let mut text = Vec::new();
    let expander = Expander {
        site,
        exchange,
        clock,
    };
    expander.template(template, &mut text);
    // Where it was not told how long the body is, it is not told now.
    let request = &mut exchange.request;
    if !request.has_body || request.content_length.is_some() {
        request.has_body = !text.is_empty();
        request.content_length = Some(text.len() as u64);
    }
    let pipe = &mut exchange.request_body;
    pipe.reset();
    pipe.push(&text);
    pipe.end();
}
