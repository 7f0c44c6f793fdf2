# SPDX-License-Identifier: Apache-2.0
# ttest, anova, wilcoxon, kruskal, correlation, pca, kmeans, Fisher's test.

# --- two groups -----------------------------------------------------------------------------------------------
sleepers <- with_sites(data.frame(extra = sleep$extra, group = factor(ifelse(sleep$group == 1, "one", "two"))), by_turn(20, 3))
pairs_of <- with_sites(data.frame(before = sleep$extra[1:10], after = sleep$extra[11:20]), by_turn(10, 3))
gear_cars <- with_sites(transform(mtcars, am = factor(ifelse(am == 1, "manual", "automatic"))), in_blocks(32, 4))
golden_case("ttest_sleep", sleepers, from = "datasets::sleep", notes = "estimate is the first mean less the second", analyses = list(
  ttest_analysis("welch", t.test(extra ~ group, sleepers), list(formula = "extra ~ group")),
  ttest_analysis("student", t.test(extra ~ group, sleepers, var.equal = TRUE), list(formula = "extra ~ group", equal_variance = TRUE)),
  ttest_analysis("less", t.test(extra ~ group, sleepers, alternative = "less"), list(formula = "extra ~ group", alternative = "less")),
  ttest_analysis("greater", t.test(extra ~ group, sleepers, alternative = "greater", conf.level = 0.9),
                 list(formula = "extra ~ group", alternative = "greater", conf_level = 0.9)),
  ttest_analysis("shifted", t.test(extra ~ group, sleepers, mu = -1), list(formula = "extra ~ group", mu = -1)),
  ttest_analysis("one_sample", t.test(sleepers$extra, mu = 1), list(y = "extra", mu = 1)),
  ttest_analysis("one_by_formula", t.test(sleepers$extra), list(formula = "extra ~ 1")),
  wilcoxon_analysis("ranks", sleepers, "extra ~ group"), kruskal_analysis("kruskal", sleepers, "extra ~ group")))
golden_case("ttest_pairs", pairs_of, from = "datasets::sleep, one row per person", analyses = list(
  ttest_analysis("difference", t.test(pairs_of$after, pairs_of$before, paired = TRUE), list(formula = "I(after - before) ~ 1")),
  ttest_analysis("paired", t.test(pairs_of$after, pairs_of$before, paired = TRUE, conf.level = 0.99),
                 list(y = "after", paired = "before", conf_level = 0.99))))
anorexia <- with_sites(MASS::anorexia, in_blocks(nrow(MASS::anorexia), 4))
golden_case("ttest_anorexia", anorexia, empty = "s9", from = "MASS::anorexia", analyses = list(
  ttest_analysis("paired", t.test(anorexia$Postwt, anorexia$Prewt, paired = TRUE), list(y = "Postwt", paired = "Prewt")),
  ttest_analysis("one_sample", t.test(anorexia$Postwt, mu = 85, alternative = "greater"), list(y = "Postwt", mu = 85, alternative = "greater"))))
golden_case("ttest_cars", gear_cars, from = "datasets::mtcars", notes = "cyl is numeric: tests between groups take its distinct values", analyses = list(
  ttest_analysis("logged", t.test(log(mpg) ~ am, gear_cars), list(formula = "log(mpg) ~ am")),
  wilcoxon_analysis("ranks", gear_cars, "mpg ~ am"), wilcoxon_analysis("uncorrected", gear_cars, "hp ~ am", correct = FALSE),
  wilcoxon_analysis("less", gear_cars, "mpg ~ am", alternative = "less"), wilcoxon_analysis("greater", gear_cars, "wt ~ am", alternative = "greater"),
  kruskal_analysis("by_cylinders", gear_cars, "mpg ~ cyl"), welch_analysis("welch", gear_cars, "mpg ~ cyl"),
  terms_anova_analysis("covariate", gear_cars, "mpg ~ am + wt"), terms_anova_analysis("interaction", gear_cars, "mpg ~ am * factor(cyl) + hp")))

# --- more groups ----------------------------------------------------------------------------------------------
plants <- with_sites(PlantGrowth, by_turn(30, 4))
golden_case("anova_plants", plants, empty = "s9", from = "datasets::PlantGrowth", analyses = list(
  anova_analysis("classic", plants, "weight ~ group"), welch_analysis("welch", plants, "weight ~ group"),
  kruskal_analysis("ranks", plants, "weight ~ group")))
yarn <- with_sites(warpbreaks, in_blocks(54, 3))
golden_case("anova_breaks", yarn, from = "datasets::warpbreaks", notes = "type II, as car::Anova", analyses = list(
  terms_anova_analysis("crossed", yarn, "breaks ~ wool * tension"), terms_anova_analysis("main", yarn, "breaks ~ wool + tension"),
  anova_analysis("one_way", yarn, "breaks ~ tension"), kruskal_analysis("ranks", yarn, "breaks ~ tension"),
  wilcoxon_analysis("wool", yarn, "breaks ~ wool")))

set.seed(20260201)
uneven <- data.frame(value = c(rnorm(7, 1e4, 1), rnorm(40, 1e4 + 1, 3), rnorm(3, 1e4, 0.5), rnorm(150, 1e4 + 0.2, 1)),
                     arm = factor(rep(c("a", "b", "c", "d"), c(7, 40, 3, 150)), levels = c("a", "b", "c", "d", "unused")),
                     sex = factor(sample(c("F", "M", NA), 200, TRUE, c(0.5, 0.45, 0.05))), tiny = rnorm(200) * 1e-9,
                     tied = sample(c(0, 0, 0, 1, 2, 5.5), 200, TRUE), negative = round(-rexp(200), 1), age = sample(18:90, 200, TRUE))
uneven$value[c(3, 50)] <- NA
uneven$tied[c(1, 2, 199)] <- NA
uneven <- with_sites(uneven, sample(site_names(5), 200, TRUE))
golden_case("tests_uneven", uneven, empty = "s0", from = "simulated, seed 20260201",
  notes = "far from zero, an unused level, groups of unequal size and spread, missing values, ties", analyses = list(
  anova_analysis("classic", uneven, "value ~ arm"), welch_analysis("welch", uneven, "value ~ arm"),
  terms_anova_analysis("two_way", uneven, "value ~ arm + sex"), terms_anova_analysis("crossed", uneven, "tied ~ sex * age"),
  ttest_analysis("far", t.test(value ~ sex, uneven), list(formula = "value ~ sex")),
  ttest_analysis("tiny", t.test(tiny ~ sex, uneven, var.equal = TRUE), list(formula = "tiny ~ sex", equal_variance = TRUE)),
  wilcoxon_analysis("doubles", uneven, "value ~ sex"), wilcoxon_analysis("ties", uneven, "tied ~ sex"),
  wilcoxon_analysis("tiny_ranks", uneven, "tiny ~ sex"), wilcoxon_analysis("negatives", uneven, "negative ~ sex"),
  kruskal_analysis("by_arm", uneven, "value ~ arm"), kruskal_analysis("tied_by_arm", uneven, "tied ~ arm"),
  correlation_analysis("pearson", uneven, c("value", "tiny", "tied", "age")),
  correlation_analysis("spearman", uneven, c("value", "tiny", "tied", "negative", "age"), "spearman")))

# --- correlations, components, clusters -----------------------------------------------------------------------
golden_case("multivariate_cars", gear_cars, from = "datasets::mtcars", analyses = list(
  correlation_analysis("pearson", gear_cars, c("mpg", "disp", "hp", "wt", "qsec")),
  correlation_analysis("spearman", gear_cars, c("mpg", "cyl", "hp", "wt"), "spearman"),
  pca_analysis("scaled", gear_cars, c("mpg", "disp", "hp", "drat", "wt", "qsec")),
  pca_analysis("two", gear_cars, c("mpg", "disp", "hp", "wt"), components = 2),
  pca_analysis("pair", gear_cars, c("mpg", "wt")),
  pca_analysis("unscaled", gear_cars, c("mpg", "disp", "hp", "wt"), scale = FALSE),
  kmeans_analysis("three", gear_cars, c("mpg", "hp"), rbind(c(30, 70), c(20, 120), c(14, 220))),
  kmeans_analysis("scaled_clusters", gear_cars, c("mpg", "hp", "wt"), rbind(c(30, 70, 2), c(14, 220, 4)), scale = TRUE)))
irises <- with_sites(iris, by_turn(150, 4))
golden_case("multivariate_iris", irises, empty = "s7", from = "datasets::iris", analyses = list(
  pca_analysis("unscaled", irises, names(iris)[1:4], scale = FALSE), pca_analysis("scaled", irises, names(iris)[1:4]),
  correlation_analysis("pearson", irises, names(iris)[1:4]), correlation_analysis("spearman", irises, names(iris)[1:4], "spearman"),
  kmeans_analysis("three", irises, names(iris)[1:4], as.matrix(iris[c(1, 51, 101), 1:4])),
  anova_analysis("species", irises, "Sepal.Width ~ Species"), kruskal_analysis("ranks", irises, "Sepal.Width ~ Species")))
golden_case("multivariate_gaps", air, from = "datasets::airquality", notes = "rows with a missing value in any variable are left out", analyses = list(
  correlation_analysis("pearson", air, c("Ozone", "Solar.R", "Wind", "Temp")),
  correlation_analysis("spearman", air, c("Ozone", "Solar.R", "Wind", "Temp"), "spearman"),
  pca_analysis("scaled", air, c("Ozone", "Solar.R", "Wind", "Temp")),
  kmeans_analysis("two", air, c("Ozone", "Temp"), rbind(c(20, 70), c(90, 85)), scale = TRUE)))

# --- Fisher ---------------------------------------------------------------------------------------------------
pair_table <- function(counts, rows, columns) {
  cells <- expand.grid(r = seq_len(nrow(counts)), c = seq_len(ncol(counts)))
  cells <- cells[rep(seq_len(nrow(cells)), counts[cbind(cells$r, cells$c)]), ]
  data <- data.frame(exposed = factor(rows[cells$r], levels = rows), ill = factor(columns[cells$c], levels = columns))
  with_sites(data, by_turn(nrow(data), 3))
}
yes_no <- c("no", "yes")
golden_case("fisher_tea", pair_table(rbind(c(3, 1), c(1, 3)), yes_no, yes_no), from = "R. A. Fisher's lady tasting tea",
  analyses = list(fisher_analysis("tea", pair_table(rbind(c(3, 1), c(1, 3)), yes_no, yes_no), c("exposed", "ill"))))
golden_case("fisher_twins", pair_table(rbind(c(2, 15), c(10, 3)), yes_no, yes_no), from = "R. A. Fisher's twins of convicts",
  analyses = list(fisher_analysis("twins", pair_table(rbind(c(2, 15), c(10, 3)), yes_no, yes_no), c("exposed", "ill"))))
golden_case("fisher_empty_cell", pair_table(rbind(c(0, 12), c(7, 30)), yes_no, yes_no), from = "written by hand",
  analyses = list(fisher_analysis("zero", pair_table(rbind(c(0, 12), c(7, 30)), yes_no, yes_no), c("exposed", "ill"))))
satisfaction <- pair_table(rbind(c(1, 2, 1, 0), c(3, 3, 6, 1), c(10, 10, 14, 9), c(6, 7, 12, 11))[2:4, ], c("low", "middle", "high"),
                           c("very-dis", "little-dis", "moderate", "very-sat"))
golden_case("fisher_jobs", satisfaction, from = "A. Agresti's job satisfaction, three incomes", analyses = list(
  fisher_analysis("jobs", satisfaction, c("exposed", "ill"))))
golden_case("fisher_titanic", titanic, from = "datasets::Titanic, 600 rows", analyses = list(
  fisher_analysis("large", titanic, c("Sex", "Survived"))))
