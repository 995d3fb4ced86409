//! A table of figures.

/// Figures as they were measured.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<[String; 4]>,
}

impl Report {
    /// Adds a figure.
    pub(crate) fn add(&mut self, what: &str, measured: String, against: String, target: &str) {
        eprintln!("{what}: {measured} ({against}); aim {target}");
        self.rows.push([what.to_owned(), measured, against, target.to_owned()]);
    }

    /// Adds a ratio of two rates, each given as what was done per second.
    pub(crate) fn ratio(&mut self, what: &str, ours: f64, theirs: f64, baseline: &str, target: &str) {
        let against = format!("{} /s against {} /s of {baseline}", thousands(ours), thousands(theirs));
        self.add(what, format!("{:.2}", ours / theirs), against, target);
    }

    /// Prints the table as Markdown.
    pub(crate) fn print(&self) {
        println!("| figure | measured | how | aim |\n|---|---|---|---|");
        for [what, measured, against, target] in &self.rows {
            println!("| {what} | {measured} | {against} | {target} |");
        }
    }
}

/// Returns a number with its thousands apart.
pub(crate) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns the middle one.
pub(crate) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
