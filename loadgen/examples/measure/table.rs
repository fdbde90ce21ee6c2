//! Tables of rounds on standard output.

/// A column of a table and its values, one a round.
pub(crate) type Column = (&'static str, fn(&[f64]) -> f64, Vec<f64>);

/// Prints rounds as rows, and a last row with what each column comes to.
pub(crate) fn print(title: &str, columns: &[Column]) {
    println!("\n{title}");
    let names: Vec<String> = columns.iter().map(|c| format!("{:>22}", c.0)).collect();
    println!("round {}", names.concat());
    let rounds = columns.first().map_or(0, |column| column.2.len());
    for round in 0..rounds {
        let row: Vec<String> = columns
            .iter()
            .map(|(_, _, values)| format!("{:>22.3}", values.get(round).unwrap_or(&f64::NAN)))
            .collect();
        println!("{:>5} {}", round + 1, row.concat());
    }
    let row: Vec<String> = columns
        .iter()
        .map(|(_, fold, values)| format!("{:>22.3}", fold(values)))
        .collect();
    println!("  all {}", row.concat());
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

pub(crate) fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::max)
}

pub(crate) fn smallest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::min)
}
