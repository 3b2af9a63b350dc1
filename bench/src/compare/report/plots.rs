//! Plots as SVG, whose text stays text.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::Failure;
use crate::compare::contender::Contender;
use crate::compare::run::Measured;
use crate::load::workload::Workload;
use crate::numbers::{Spread, float, short};

const WIDTH: u32 = 900;
/// Of the names at the left, and of the values at the right.
const LEFT: i32 = 190;
const RIGHT: i32 = 110;
const TOP: i32 = 62;
const BAR: i32 = 11;
const GAP: i32 = 12;

const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(40, 40, 40);
const FAINT: RGBColor = RGBColor(215, 215, 215);

/// The same one in every plot.
pub(super) fn color(contender: Contender) -> RGBColor {
    match contender {
        Contender::Wire => RGBColor(150, 150, 150),
        Contender::Pgbench => RGBColor(95, 95, 95),
        Contender::Byline => RGBColor(200, 60, 40),
        Contender::Rust => RGBColor(225, 150, 50),
        Contender::Node => RGBColor(80, 150, 80),
        Contender::Sqlalchemy => RGBColor(70, 110, 180),
        Contender::SqlalchemyAlone => RGBColor(140, 170, 215),
    }
}

/// A bar over a scale of powers of ten.
struct Bar {
    contender: Contender,
    from: f64,
    to: f64,
    label: String,
}

/// Bars about one thing.
struct Group {
    says: &'static str,
    bars: Vec<Bar>,
}

/// The rate of each, where that of Byline is 1.
pub(super) fn throughput(
    measured: &Measured,
    workloads: &[Workload],
    contenders: &[Contender],
) -> Result<String, Failure> {
    let groups = groups(workloads, contenders, |workload, contender| {
        let own = measured.rates(workload, Contender::Byline);
        let rates = measured.rates(workload, contender);
        let ratio = Spread::of_ratios(&rates, &own)?.median;
        Some(Bar {
            contender,
            from: 0.0,
            to: ratio,
            label: short(ratio),
        })
    });
    bars("Calls a second, where Byline is 1", &groups, |value| {
        format!("{value}")
    })
}

/// From the median to the 99th percentile of each, in milliseconds.
pub(super) fn latency(
    measured: &Measured,
    workloads: &[Workload],
    contenders: &[Contender],
) -> Result<String, Failure> {
    let groups = groups(workloads, contenders, |workload, contender| {
        let times = measured.all(workload, contender)?.times;
        let millis = |quantile| float(times.value_at_quantile(quantile)) / 1_000.0;
        let (from, to) = (millis(0.5), millis(0.99));
        Some(Bar {
            contender,
            from,
            to,
            label: format!("{} to {}", short(from), short(to)),
        })
    });
    bars(
        "Milliseconds, from the median to the 99th percentile",
        &groups,
        |value| format!("{value} ms"),
    )
}

fn groups(
    workloads: &[Workload],
    contenders: &[Contender],
    bar: impl Fn(Workload, Contender) -> Option<Bar>,
) -> Vec<Group> {
    let groups = workloads.iter().map(|workload| Group {
        says: workload.says(),
        bars: contenders
            .iter()
            .filter_map(|it| bar(*workload, *it))
            .collect(),
    });
    groups.collect()
}

/// A scale of powers of ten.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    /// The powers at both ends.
    least: i32,
    most: i32,
}

impl Scale {
    /// Wide enough for all numbers that are more than none.
    fn of(numbers: impl Iterator<Item = f64>) -> Self {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for number in numbers.filter(|it| *it > 0.0) {
            least = least.min(number.log10().floor());
            most = most.max(number.log10().ceil());
        }
        if least > most {
            (least, most) = (0.0, 1.0);
        }
        let [least, most] = [least, most.max(least + 1.0)].map(pixels);
        Self { least, most }
    }

    /// Where a number is, from left to right.
    fn place(self, number: f64) -> i32 {
        let width = f64::from(WIDTH) - f64::from(LEFT) - f64::from(RIGHT);
        let powers = f64::from(self.most - self.least);
        let part = (number.max(f64::MIN_POSITIVE).log10() - f64::from(self.least)) / powers;
        LEFT + pixels(width * part.clamp(0.0, 1.0))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "no plot is so large")]
fn pixels(length: f64) -> i32 {
    length.round() as i32
}

fn bars(title: &str, groups: &[Group], tick: fn(f64) -> String) -> Result<String, Failure> {
    let all = || groups.iter().flat_map(|group| &group.bars);
    let scale = Scale::of(all().flat_map(|bar| [bar.from, bar.to]));
    let heights = groups.iter().map(|group| height(group) + GAP);
    let bottom = TOP + GAP + heights.sum::<i32>();
    let mut svg = String::new();
    {
        let size = (WIDTH, u32::try_from(bottom + 10)?);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&WHITE)?;
        write(&area, title, (LEFT, 16), 16, HPos::Left)?;
        let mut contenders: Vec<_> = all().map(|bar| bar.contender).collect();
        contenders.sort_unstable();
        contenders.dedup();
        legend(&area, &contenders)?;
        for power in scale.least..=scale.most {
            let value = 10_f64.powi(power);
            let x = scale.place(value);
            area.draw(&PathElement::new([(x, TOP), (x, bottom - GAP)], FAINT))?;
            write(&area, &tick(value), (x, TOP - 8), 11, HPos::Center)?;
        }
        let mut top = TOP + GAP;
        for group in groups {
            let middle = top + height(group) / 2;
            write(&area, group.says, (LEFT - 10, middle), 13, HPos::Right)?;
            for (bar, row) in group.bars.iter().zip(0..) {
                let (x, y) = (scale.place(bar.from), top + row * BAR);
                let end = scale.place(bar.to).max(x + 2);
                let corners = [(x, y), (end, y + BAR - 2)];
                area.draw(&Rectangle::new(corners, color(bar.contender).filled()))?;
                write(
                    &area,
                    &bar.label,
                    (end + 4, y + BAR / 2 - 1),
                    10,
                    HPos::Left,
                )?;
            }
            top += height(group) + GAP;
        }
        area.present()?;
    }
    Ok(svg)
}

fn height(group: &Group) -> i32 {
    BAR * i32::try_from(group.bars.len())
        .unwrap_or(i32::MAX / BAR)
        .max(1)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What color is whose, in a line under the title.
fn legend(area: &Area<'_>, contenders: &[Contender]) -> Result<(), Failure> {
    let mut x = 12;
    for contender in contenders {
        let corners = [(x, 30), (x + 10, 40)];
        area.draw(&Rectangle::new(corners, color(*contender).filled()))?;
        write(area, contender.says(), (x + 15, 35), 11, HPos::Left)?;
        x += 30 + 7 * i32::try_from(contender.says().len())?;
    }
    Ok(())
}

fn write(
    area: &Area<'_>,
    text: &str,
    place: (i32, i32),
    size: i32,
    anchor: HPos,
) -> Result<(), Failure> {
    let style = (FONT, size).into_font().color(&INK);
    let style = style.pos(Pos::new(anchor, VPos::Center));
    Ok(area.draw(&Text::new(text.to_owned(), place, style))?)
}

/// A line of points for each contender, over a scale of powers of two.
pub(super) fn lines(
    title: &str,
    across: &str,
    up: &str,
    lines: &[(Contender, Vec<(f64, f64)>)],
) -> Result<String, Failure> {
    let all = || lines.iter().flat_map(|(_, points)| points);
    let most = |of: fn(&(f64, f64)) -> f64| all().map(of).fold(1.0, f64::max);
    let least = all().map(|point| point.0).fold(f64::INFINITY, f64::min);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, 420)).into_drawing_area();
        area.fill(&WHITE)?;
        write(&area, title, (12, 16), 16, HPos::Left)?;
        let contenders: Vec<_> = lines.iter().map(|(contender, _)| *contender).collect();
        legend(&area, &contenders)?;
        let least = least.min(most(|it| it.0));
        let across_all = (least..most(|it| it.0).max(least * 2.0)).log_scale();
        let up_all = 0.0..most(|it| it.1) * 1.05;
        let mut chart = ChartBuilder::on(&area)
            .margin(20)
            .margin_top(56)
            .x_label_area_size(36)
            .y_label_area_size(64)
            .build_cartesian_2d(across_all, up_all)?;
        let label = (FONT, 12).into_font().color(&INK);
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(FAINT)
            .label_style(label)
            .x_desc(across)
            .y_desc(up)
            .x_label_formatter(&|value| format!("{value:.0}"))
            .y_label_formatter(&|value| format!("{value:.0}"))
            .draw()?;
        for (contender, points) in lines {
            let color = color(*contender);
            chart.draw_series(LineSeries::new(
                points.iter().copied(),
                color.stroke_width(2),
            ))?;
            let dots = points
                .iter()
                .map(|point| Circle::new(*point, 3, color.filled()));
            chart.draw_series(dots)?;
        }
        area.present()?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::report::tests::measured;

    #[test]
    fn a_scale_holds_all_numbers() {
        let scale = |numbers: &[f64]| {
            let Scale { least, most } = Scale::of(numbers.iter().copied());
            (least, most)
        };
        assert_eq!(scale(&[0.03, 4.0]), (-2, 1));
        assert_eq!(scale(&[1.0]), (0, 1));
        assert_eq!(scale(&[0.0]), (0, 1));
        let scale = Scale { least: -1, most: 1 };
        let middle = i32::midpoint(LEFT, scale.place(10.0));
        assert_eq!(scale.place(0.1), LEFT);
        assert!((scale.place(1.0) - middle).abs() <= 1);
        assert_eq!(scale.place(0.0), LEFT);
    }

    #[test]
    fn a_plot_names_everybody_who_was_measured() {
        let measured = measured(&[
            (Workload::GetUser, Contender::Byline, &[2_000]),
            (Workload::GetUser, Contender::Rust, &[1_000]),
        ]);
        let contenders = [Contender::Byline, Contender::Rust, Contender::Node];
        for plot in [throughput, latency] {
            let svg = plot(&measured, &[Workload::GetUser], &contenders).unwrap();
            assert!(
                svg.contains("tonic + sqlx") && svg.contains("GetUser"),
                "{svg}"
            );
            assert!(!svg.contains("grpc-js"), "{svg}");
        }
    }

    #[test]
    fn lines_may_be_as_few_as_one_point() {
        let points = vec![(1.0, 5.0)];
        let svg = lines("Title", "across", "up", &[(Contender::Byline, points)]).unwrap();
        assert!(svg.contains("Title") && svg.contains("Byline"), "{svg}");
    }
}
