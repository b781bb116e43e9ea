//! Well-typed expressions at random, always the same for a seed.

use super::random::Random;

/// Makes expressions.
pub struct Generator(pub Random);

/// The types that expressions are made of.
#[derive(Clone, Copy)]
enum Ty {
    Bool,
    Int,
    Double,
    Text,
    Numbers,
    Texts,
    /// A placeholder, of whatever type.
    Any,
}

impl Generator {
    fn one_of(&mut self, choices: &[&'static str]) -> &'static str {
        choices[self.0.below(choices.len())]
    }

    /// A condition.
    pub fn condition(&mut self) -> String {
        let depth = 1 + self.0.below(4);
        self.make(Ty::Bool, depth)
    }

    fn make(&mut self, ty: Ty, depth: usize) -> String {
        if depth == 0 {
            return self.leaf(ty);
        }
        let shapes = match ty {
            Ty::Bool => BOOLS,
            Ty::Int => INTS,
            Ty::Double => DOUBLES,
            Ty::Text => TEXTS,
            Ty::Numbers => NUMBER_LISTS,
            Ty::Texts => TEXT_LISTS,
            Ty::Any => return self.leaf(ty),
        };
        let shape = self.one_of(shapes);
        self.fill(shape, depth - 1)
    }

    /// Puts expressions in the place of the capital letters of a shape.
    fn fill(&mut self, shape: &str, depth: usize) -> String {
        let mut out = String::new();
        for letter in shape.chars() {
            let ty = match letter {
                'B' => Ty::Bool,
                'I' => Ty::Int,
                'D' => Ty::Double,
                'T' => Ty::Text,
                'N' => Ty::Numbers,
                'L' => Ty::Texts,
                'P' => Ty::Any,
                other => {
                    out.push(other);
                    continue;
                }
            };
            out += &self.make(ty, depth);
        }
        out
    }

    fn leaf(&mut self, ty: Ty) -> String {
        let choices: &[&str] = match ty {
            Ty::Bool => &["true", "false", "path('/api/*')", "method('GET')", "1 == 2"],
            Ty::Int => &["0", "1", "-1", "2", "7", "9223372036854775807"],
            Ty::Double => &["0.0", "1.0", "-2.5", "1e300"],
            Ty::Text => &[
                "''",
                "'a'",
                "'api'",
                "'b,a'",
                "'é'",
                "string({http.request.method})",
            ],
            Ty::Numbers => &["[1]", "[1, 2, 0]", "[3, 3]"],
            Ty::Texts => &["['a']", "['a', 'b', '']", "['api', 'v1']"],
            Ty::Any => &[
                "{http.request.method}",
                "{http.request.port}",
                "{http.request.uri.path}",
                "{http.request.header.X-Foo}",
                "{http.request.header.X-Nope}",
                "{http.request.cookie.session}",
                "{http.request.uri.query.x}",
                "{http.vars.nope}",
                "{http.vars.number}",
                "{http.vars.yes}",
                "{http.vars.text}",
                "{http.error.status_code}",
            ],
        };
        self.one_of(choices).to_owned()
    }
}

const BOOLS: &[&str] = &[
    "(B && B)",
    "(B || B)",
    "(B && B && B)",
    "!B",
    "(B ? B : B)",
    "(P == T)",
    "(P == I)",
    "(P != D)",
    "(P < I)",
    "(T <= P)",
    "(P && B)",
    "(P || B)",
    "(!P)",
    "(P == P)",
    "(P in L)",
    "(P in N)",
    "(I < I)",
    "(D >= D)",
    "(T == T)",
    "(T > T)",
    "(N == N)",
    "(L == L)",
    "T.contains(T)",
    "P.startsWith(T)",
    "T.endsWith(P)",
    "P.contains('a')",
    "P.matches('^/?[a-z]+')",
    "T.matches('a|b')",
    "N.all(n, (n > I))",
    "N.exists(n, (I / n == 1))",
    "N.exists_one(n, (n == I))",
    "L.all(t, (t == T))",
    "L.exists(t, (P == t))",
    "(type(P) == string)",
    "(B == B)",
];

const INTS: &[&str] = &[
    "(I + I)",
    "(I - I)",
    "(I * I)",
    "(I / I)",
    "(I % I)",
    "size(T)",
    "T.indexOf(T)",
    "int(P)",
    "(B ? I : I)",
    "N.size()",
    "size(L)",
    "math.abs(I)",
    "math.greatest(I, I)",
    "math.bitAnd(I, I)",
];

const DOUBLES: &[&str] = &[
    "(D + D)",
    "(D / D)",
    "double(P)",
    "math.floor(D)",
    "(B ? D : D)",
    "math.least(D, D)",
];

const TEXTS: &[&str] = &[
    "(T + T)",
    "(T + P)",
    "string(P)",
    "T.lowerAscii()",
    "T.upperAscii()",
    "T.trim()",
    "T.replace(T, T)",
    "T.substring(I)",
    "T.charAt(I)",
    "T.reverse()",
    "(B ? T : T)",
    "L.join('-')",
    "string(I)",
    "string(D)",
    "string(B)",
    "L[I]",
];

const NUMBER_LISTS: &[&str] = &[
    "[I, I]",
    "(N + N)",
    "N.map(m, (m + I))",
    "N.filter(m, (m > I))",
    "N.reverse()",
    "N.sort()",
    "N.distinct()",
    "N.slice(0, 1)",
    "L.map(t, size(t))",
];

const TEXT_LISTS: &[&str] = &[
    "[T, T]",
    "(L + L)",
    "T.split(',')",
    "string(P).split(T)",
    "L.map(u, (u + T))",
    "L.filter(u, (u != T))",
    "L.sort()",
    "L.sortBy(u, size(u))",
    "N.map(k, string(k))",
];
