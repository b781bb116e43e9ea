//! `invoke`: a named route, written out where it is invoked.

use std::rc::Rc;

use zs_config::model::{Invoke, Route};
use zs_diagnostics::{Diagnostic, Span, codes, nearest};

use super::Lowering;
use super::code::Code;

/// Most named routes that are written out for a server: routes that invoke
/// others twice each would double the code with every one.
const INVOCATIONS_MAX: usize = 1000;

/// What is known of named routes while a server is lowered.
#[derive(Default)]
pub(super) struct Invocations {
    /// The routes of the server, by name.
    pub routes: Vec<(String, Rc<Route>)>,
    /// The names of those that are being written, outermost first.
    running: Vec<String>,
    /// How many have been written.
    count: usize,
}

impl Invocations {
    /// Whether a named route is being written.
    pub fn are_running(&self) -> bool {
        !self.running.is_empty()
    }
}

impl Lowering<'_> {
    pub(super) fn invoke(&mut self, code: &mut Code, invoke: &Invoke) {
        let Invoke { name, origin } = invoke;
        let span = origin.span();
        let mut routes = self.invocations.routes.iter();
        let Some((_, route)) = routes.find(|(other, _)| other == name) else {
            self.no_route(name, span);
            return;
        };
        let route = Rc::clone(route);
        if self.invocations.running.contains(name) {
            let message = format!("the named route `{name}` invokes itself");
            let help = "invoke it from sites only";
            let error = Diagnostic::error(codes::BAD_VALUE, span, message).help(help);
            self.sink.report(error);
            return;
        }
        self.invocations.count += 1;
        if self.invocations.count > INVOCATIONS_MAX {
            if self.invocations.count == INVOCATIONS_MAX + 1 {
                let what = format!("a server that invokes more than {INVOCATIONS_MAX} routes");
                self.unsupported(span, &what, "invoke fewer routes from named routes");
            }
            return;
        }
        self.invocations.running.push(name.clone());
        let after = code.block();
        self.routes(code, std::slice::from_ref(&*route), after);
        code.go(after);
        self.invocations.running.pop();
    }

    fn no_route(&mut self, name: &str, span: Span) {
        let known = self.invocations.routes.iter();
        let help = match nearest(name, known.map(|(name, _)| name.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "define it in `named_routes`".to_owned(),
        };
        let message = format!("named route `{name}` is not defined");
        let error = Diagnostic::error(codes::BAD_VALUE, span, message).help(help);
        self.sink.report(error);
    }
}
