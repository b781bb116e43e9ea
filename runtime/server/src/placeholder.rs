//! Placeholders as values of expressions: with the types that Caddy gives
//! them, and `null` for what is not there.

use zs_abi::Source;
use zs_abi::tables::{SEGMENT_BOOL, SEGMENT_DOUBLE, SEGMENT_NULL, Segment, Template, TemplateId};
use zs_values::Value;

use crate::exchange::Variable;
use crate::expand::Expander;

impl Expander<'_> {
    /// The value of a template's only placeholder; none if there is no such
    /// template.
    pub(crate) fn typed(&self, template: TemplateId) -> Option<Value> {
        let segment = self.only_segment(template)?;
        let argument = self.site.text(segment.argument);
        let source = Source::from_number(segment.source)?;
        let exchange = self.exchange;
        let is_null = match source {
            Source::Variable => {
                let variable = exchange.variables.get(segment.number as usize);
                let value = variable.and_then(Option::as_ref).map(Variable::value);
                return Some(value.unwrap_or(Value::Null));
            }
            Source::Capture => {
                let captures = &exchange.captures;
                captures.find(self.site, segment.number, argument).is_none()
            }
            Source::LastCapture => {
                let captures = &exchange.captures;
                captures.find_latest(self.site, argument).is_none()
            }
            Source::TlsVersion
            | Source::TlsCipherSuite
            | Source::TlsServerName
            | Source::TlsProto
            | Source::TlsResumed => exchange.origin.tls.is_none(),
            Source::ErrorStatus | Source::ErrorStatusText | Source::ErrorMessage => {
                exchange.raised().is_none()
            }
            Source::FileRelative
            | Source::FileAbsolute
            | Source::FileType
            | Source::FileRemainder => exchange.file_match.is_none(),
            Source::User => exchange.user.is_none(),
            Source::UpstreamStatus => exchange.upstream.status == 0,
            Source::UpstreamHeader => {
                let head = &exchange.upstream.response;
                head.values(argument).next().is_none()
            }
            Source::TransportError => !exchange.upstream.transport_error,
            Source::UpstreamAddress
            | Source::UpstreamHostPort
            | Source::UpstreamHost
            | Source::UpstreamPort => exchange.upstream.host.is_empty(),
            _ => false,
        };
        if is_null {
            return Some(Value::Null);
        }
        let mut text = Vec::new();
        self.template(template, &mut text);
        Some(match source {
            Source::Port | Source::RemotePort | Source::LocalPort | Source::UpstreamPort => {
                integer(&text).unwrap_or_else(|| Value::string(&text))
            }
            Source::ErrorStatus | Source::UpstreamStatus => integer(&text).unwrap_or_default(),
            Source::TlsResumed | Source::TransportError => Value::Bool(text == b"true"),
            Source::Duration => Value::Duration(self.elapsed_nanos().cast_signed()),
            Source::DurationMs => Value::Double(self.elapsed_nanos() as f64 / 1e6),
            _ => Value::string(&text),
        })
    }

    /// What a template gives a variable.
    pub(crate) fn variable(&self, template: TemplateId) -> Variable {
        let mut text = Vec::new();
        self.template(template, &mut text);
        let flags = self.only_segment(template).map_or(0, |only| only.flags);
        Variable { text, flags }
    }

    fn only_segment(&self, template: TemplateId) -> Option<Segment> {
        let record = self.site.data.record::<Template>(template.0)?;
        let mut segments = self.site.data.range::<Segment>(record.segments);
        let only = segments.next()?;
        segments.next().is_none().then_some(only)
    }
}

impl Variable {
    fn value(&self) -> Value {
        if self.flags & SEGMENT_NULL != 0 {
            Value::Null
        } else if self.flags & SEGMENT_BOOL != 0 {
            Value::Bool(self.text == b"true")
        } else if self.flags & SEGMENT_DOUBLE != 0 {
            let text = std::str::from_utf8(&self.text).unwrap_or("");
            text.parse().map_or(Value::Null, Value::Double)
        } else {
            Value::string(&self.text)
        }
    }
}

fn integer(text: &[u8]) -> Option<Value> {
    let number = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(Value::Int(number))
}
