//! Our tokens, in the shape in which the index takes them.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::projections::text::units::Units;

/// Reads texts into tokens.
#[derive(Debug, Clone, Default)]
pub(super) struct OurTokenizer {
    // The room of the text before.
    units: Units,
    token: Token,
}

impl Tokenizer for OurTokenizer {
    type TokenStream<'text> = OurTokens<'text>;

    fn token_stream<'text>(&'text mut self, text: &'text str) -> OurTokens<'text> {
        self.units.read(text);
        OurTokens { units: &self.units, token: &mut self.token, number: 0, second: false }
    }
}

/// The tokens of a text.
pub(super) struct OurTokens<'text> {
    units: &'text Units,
    token: &'text mut Token,
    // The unit whose tokens are due, and whether its first one was.
    number: usize,
    second: bool,
}

impl TokenStream for OurTokens<'_> {
    fn advance(&mut self) -> bool {
        while self.number < self.units.units().len() {
            let [first, second] = self.units.tokens_at(self.number);
            let token = if self.second { second } else { first };
            self.number += usize::from(self.second);
            self.second = !self.second;
            if let Some(token) = token {
                self.token.text.clear();
                self.token.text.push_str(token.text);
                self.token.position = token.position as usize;
                self.token.position_length = 1;
                return true;
            }
        }
        false
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}
