# SPDX-License-Identifier: Apache-2.0
# Tables as hospitals really send them.

set.seed(20260103)
n <- 120
patients <- data.frame(
  age = round(rnorm(n, 54, 12)), sex = factor(sample(c("F", "M"), n, TRUE)),
  drug = factor(sample(c("JAK", "TNF", "IL6"), n, TRUE)), crp = round(exp(rnorm(n, 2, 1)), 1))
patients$change <- round(-1 - 0.02 * patients$age + 0.4 * (patients$drug == "TNF") + rnorm(n), 3)
patients$response <- rbinom(n, 1, plogis(0.3 * (patients$drug == "TNF") - 0.02 * (patients$age - 54)))
patients$weight <- rep(c(1, 0, 2, 1.5), length.out = n)

one_site_level <- patients
one_site_level$drug <- factor(ifelse(seq_len(n) <= 14, "RTX", as.character(patients$drug)))
one_site_level <- with_sites(one_site_level, in_blocks(n, 4))
one_site_level$drug[one_site_level$drug == "RTX" & one_site_level$site != "s1"] <- "TNF"
golden_case("awkward_level_at_one_site", one_site_level, from = "simulated, seed 20260103",
  notes = "drug RTX occurs at site s1 only", analyses = list(
  glm_analysis("linear", "change ~ drug + age", one_site_level),
  glm_analysis("logistic", "response ~ drug + sex", one_site_level, "binomial"),
  glm_analysis("with_site", "change ~ drug + site", one_site_level)))

spread <- with_sites(patients, by_turn(n, 3))
golden_case("awkward_empty_site", spread, empty = c("a0", "z9"), from = "simulated, seed 20260103",
  notes = "sites a0 and z9 send a header without rows; no row has them, so they give no term for site", analyses = list(
  glm_analysis("linear", "change ~ drug + age", spread),
  glm_analysis("logistic", "response ~ drug * sex", spread, "binomial"),
  glm_analysis("with_site", "change ~ age + site", spread)))

gaps <- spread
gaps$crp[gaps$site == "s2"] <- NA
gaps$age[c(4, 9, 33)] <- NA
gaps$sex[c(5, 8, 90)] <- NA
gaps$response[c(1, 2, 3)] <- NA
golden_case("awkward_missing_column_at_site", gaps, from = "simulated, seed 20260103",
  notes = "crp is wholly missing at s2; age, sex and response have scattered gaps", analyses = list(
  glm_analysis("without_crp", "change ~ age + sex", gaps),
  glm_analysis("with_crp", "change ~ log(crp) + age + sex", gaps),
  glm_analysis("logistic", "response ~ crp + sex", gaps, "binomial"),
  glm_analysis("with_site", "response ~ crp + site", gaps, "binomial")))

golden_case("awkward_zero_weights", spread, from = "simulated, seed 20260103",
  notes = c("rows of weight zero count in nothing: n, df, log_lik, bic", "R's logLik.glm() gives -Inf for gaussian; log_lik here is that of logLik.lm()"),
  analyses = list(
  glm_analysis("linear", "change ~ drug + age", spread, weights = "weight"),
  glm_analysis("poisson", "response ~ drug + age", spread, "poisson", weights = "weight"),
  glm_analysis("quasi", "response ~ drug", spread, "quasibinomial", weights = "weight")))

lonely <- with_sites(patients[1:41, ], c("s1", rep(c("s2", "s3"), each = 20)))
golden_case("awkward_one_row_at_site", lonely, from = "simulated, seed 20260103",
  notes = "site s1 has one row", analyses = list(
  glm_analysis("linear", "change ~ age + sex", lonely),
  glm_analysis("with_site", "change ~ age + site", lonely),
  glm_analysis("logistic", "response ~ age + sex", lonely, "binomial")))

scales <- spread
scales$molar <- round(scales$crp * 1e3) / 1e3 * 1e-12
scales$cells <- scales$age * 1e12 + 3e11
golden_case("awkward_scales", scales, from = "simulated, seed 20260103",
  notes = "molar is of the order of 1e-12, cells of 1e13", analyses = list(
  glm_analysis("linear", "change ~ molar + cells + sex", scales),
  glm_analysis("small", "change ~ molar", scales),
  glm_analysis("large_outcome", "cells ~ molar + sex", scales),
  glm_analysis("logistic", "response ~ molar + cells", scales, "binomial")))

distant <- spread
distant$year <- 1990 + (seq_len(n) * 7) %% 31
distant$millis <- 1700000000000 + (seq_len(n) * 7919) %% 86400
golden_case("awkward_distant_mean", distant, from = "simulated, seed 20260103",
  notes = "year is about 2005 with sd 9; millis 1.7e12 with sd 2.5e4", analyses = list(
  glm_analysis("linear", "change ~ year + sex", distant),
  glm_analysis("logistic", "response ~ year", distant, "binomial"),
  glm_analysis("square", "change ~ year + I(year^2)", distant)))

unused <- spread
unused$stage <- factor(c("early", "late")[(seq_len(n) %% 2) + 1], levels = c("none", "early", "late", "end"))
unused$grade <- factor(c("g1", "g2", "g3")[(seq_len(n) %% 3) + 1])
unused$change[unused$grade == "g3"] <- NA
golden_case("awkward_unused_level", unused, from = "simulated, seed 20260103",
  notes = c("glm() drops levels that no used row has: 'none' and 'end' never occur, 'g3' only where change is missing",
            "with 'none' dropped, 'early' is the reference"), analyses = list(
  glm_analysis("never_there", "response ~ stage", unused, "binomial"),
  glm_analysis("gone_with_missing", "change ~ grade + stage + age", unused)))

collinear <- spread
collinear$age_months <- collinear$age * 12
collinear$male <- as.integer(collinear$sex == "M")
golden_case("awkward_collinear", collinear, from = "simulated, seed 20260103",
  notes = "of columns that depend on each other the later ones are aliased: null, as NA in R; vcov keeps their rows as null", analyses = list(
  glm_analysis("months", "change ~ age + age_months + drug", collinear),
  glm_analysis("dummy", "response ~ sex + male + age", collinear, "binomial"),
  glm_analysis("sums", "change ~ age + drug + I(age + 1) + sex", collinear)))

only_flags <- function(name, formula, family = "binomial", ...) {
  list(study = list(name = name, method = "glm", formula = formula, family = family, ...),
       expected = list(method = "glm", converged = FALSE, warnings_contain = "separat"))
}
split_clean <- spread
split_clean$marker <- split_clean$age + 100 * split_clean$response
split_clean$carrier <- ifelse(split_clean$response == 1 & split_clean$sex == "F", "yes", "no")
golden_case("awkward_separation", split_clean, from = "simulated, seed 20260103",
  notes = c("glm() itself stops and says converged; the maximum does not exist, so the program must say so",
            "warnings_contain: one warning has this text"), analyses = list(
  only_flags("complete", "response ~ marker"), only_flags("quasi_complete", "response ~ carrier + age")))

golden_case("awkward_two_rows", with_sites(data.frame(x = c(1, 2, 4), y = c(2.5, 3.5, 7)), c("s1", "s2", "s2")),
  from = "written by hand", analyses = local({
    few <- with_sites(data.frame(x = c(1, 2, 4), y = c(2.5, 3.5, 7)), c("s1", "s2", "s2"))
    list(glm_analysis("one_df", "y ~ x", few), glm_analysis("mean", "y ~ 1", few))
  }))
