# SPDX-License-Identifier: Apache-2.0
# summary, table, histogram.

moment_notes <- c("skewness and kurtosis are G1 and G2 (type 2 of e1071); quantiles are type 7",
                  "what is not defined (sd of one value, skewness of a constant) is null")

golden_case("summary_airquality", air, from = "datasets::airquality", notes = moment_notes, analyses = list(
  summary_analysis("default", air, c("Ozone", "Solar.R", "Wind", "Temp")),
  summary_analysis("deciles", air, c("Wind", "Temp"), quantiles = c(0.1, 0.5, 0.9)),
  summary_analysis("one", air, "Ozone", quantiles = 0.5)))

golden_case("summary_infert", abortion, from = "datasets::infert", notes = moment_notes, analyses = list(
  summary_analysis("mixed", abortion, c("education", "age", "parity"))))

set.seed(20260106)
shapes <- data.frame(normal = round(rnorm(200), 4), skewed = round(exp(rnorm(200, 0, 1.5)), 4), constant = rep(4.2, 200),
                     binary = rbinom(200, 1, 0.3), negative = -round(rexp(200), 5), year = 1990 + seq_len(200) %% 30,
                     rare = c(7.25, rep(NA, 199)), pair = c(1, NA, 4, rep(NA, 197)), triple = c(1, 5, 2, rep(NA, 197)),
                     group = factor(sample(c("a", "b", "c"), 200, TRUE)))
shapes$group[3:9] <- NA
shapes <- with_sites(shapes, by_turn(200, 4))
golden_case("summary_shapes", shapes, empty = "s5", from = "simulated, seed 20260106", notes = moment_notes, analyses = list(
  summary_analysis("usual", shapes, c("normal", "skewed", "binary", "negative", "year", "group"), quantiles = c(0.25, 0.5, 0.75)),
  summary_analysis("tails", shapes, c("skewed", "year"), quantiles = c(0.01, 0.05, 0.95, 0.99))))
golden_case("summary_constant", shapes, from = "simulated, seed 20260106", notes = moment_notes, analyses = list(
  summary_analysis("constant", shapes, "constant"), summary_analysis("one_value", shapes, "rare"),
  summary_analysis("two_values", shapes, "pair"), summary_analysis("three_values", shapes, "triple")))
golden_case("summary_scales", scales, from = "simulated, seed 20260103", notes = moment_notes, analyses = list(
  summary_analysis("small_and_large", scales, c("molar", "cells", "crp")),
  summary_analysis("by_quantiles", scales, c("crp", "molar"), quantiles = c(0.1, 0.2, 0.8))))
golden_case("summary_distant_mean", distant, from = "simulated, seed 20260103", notes = moment_notes,
  analyses = list(summary_analysis("years", distant, c("year", "millis"))))
golden_case("summary_gaps", gaps, empty = "s0", from = "simulated, seed 20260103",
  notes = c(moment_notes, "crp is wholly missing at s2, s0 is empty"), analyses = list(
  summary_analysis("gaps", gaps, c("age", "crp", "sex", "drug", "change"))))

titanic <- as.data.frame(Titanic)
titanic <- titanic[rep(seq_len(nrow(titanic)), titanic$Freq), c("Class", "Sex", "Age", "Survived")]
titanic <- titanic[(seq_len(nrow(titanic)) * 37) %% nrow(titanic) + 1, ][1:600, ]
titanic$Class <- factor(as.character(titanic$Class), levels = c("1st", "2nd", "3rd", "Crew"))
for (name in c("Sex", "Age", "Survived")) titanic[[name]] <- factor(as.character(titanic[[name]]))
titanic$Sex[c(5, 17, 200)] <- NA
titanic$Survived[c(17, 18, 301)] <- NA
titanic <- with_sites(titanic, in_blocks(nrow(titanic), 4))
golden_case("table_titanic", titanic, from = "datasets::Titanic, 600 rows, some set to missing",
  notes = c("counts are nested by the variables in order; rows with a missing value in any are left out",
            "chisq is without, corrected with Yates' continuity correction (2 x 2 only)"), analyses = list(
  table_analysis("one", titanic, "Class"), table_analysis("two", titanic, c("Sex", "Survived")),
  table_analysis("four_by_two", titanic, c("Class", "Survived")), table_analysis("three", titanic, c("Class", "Sex", "Survived")),
  table_analysis("by_site", titanic, c("site", "Survived")), table_analysis("no_tests", titanic, c("Sex", "Age"), tests = FALSE)))

# |observed - expected| is below one half: chisq.test() then corrects by that difference, not by 0.5.
balanced <- data.frame(exposed = factor(rep(c("no", "yes"), c(21, 20))), ill = factor(c(rep(c("no", "yes"), c(11, 10)), rep(c("no", "yes"), c(10, 10)))))
balanced <- with_sites(balanced, by_turn(nrow(balanced), 3))
golden_case("table_small_difference", balanced, from = "written by hand",
  notes = "Yates' correction is min(0.5, |observed - expected|), as in chisq.test", analyses = list(
  table_analysis("two", balanced, c("exposed", "ill"))))

golden_case("table_levels", unused, from = "simulated, seed 20260103",
  notes = "declared levels appear with a count of zero, as in table()", analyses = list(
  table_analysis("unused_level", unused, "stage"), table_analysis("unused_two", unused, c("stage", "grade"), tests = FALSE),
  table_analysis("grade_by_sex", unused, c("grade", "sex"))))
golden_case("table_empty_site", one_site_level, empty = "s0", from = "simulated, seed 20260103",
  notes = "drug RTX occurs at one site; s0 is empty", analyses = list(
  table_analysis("drug_by_sex", one_site_level, c("drug", "sex")), table_analysis("drug", one_site_level, "drug")))

histogram_notes <- "bins are (a, b], the first one [a, b], as hist(); breaks cover all values"
golden_case("histogram_airquality", air, from = "datasets::airquality", notes = histogram_notes, analyses = list(
  histogram_analysis("ozone", air, "Ozone", c(0, 25, 50, 75, 100, 200)), histogram_analysis("on_the_edges", air, "Temp", seq(56, 97, by = 1)),
  histogram_analysis("unequal", air, "Wind", c(1.7, 2.3, 7.4, 9.7, 20.7))))
golden_case("histogram_shapes", shapes, empty = "s5", from = "simulated, seed 20260106", notes = histogram_notes, analyses = list(
  histogram_analysis("normal", shapes, "normal", seq(-4, 4, by = 0.5)), histogram_analysis("binary", shapes, "binary", c(-0.5, 0.5, 1.5)),
  histogram_analysis("constant", shapes, "constant", c(4, 4.2, 5))))
golden_case("histogram_gaps", gaps, from = "simulated, seed 20260103", notes = histogram_notes,
  analyses = list(histogram_analysis("crp", gaps, "crp", c(0, 1, 5, 10, 50, 1000))))
