# SPDX-License-Identifier: Apache-2.0
# What comparing many random data sets with R has found: times that only rounding keeps apart (0.1 + 0.2 and 0.3), all scales of
# a curve's interval, times before anybody leaves, groups by factor(), survreg() without an intercept, basehaz() with an offset.
set.seed(20261203)
audit <- data.frame(x = round(rnorm(120), 2), num = sample(3, 120, TRUE), sex = factor(sample(c("f", "m"), 120, TRUE)))
audit$tenths <- pmin(ceiling(rexp(120, 0.02 * exp(0.4 * audit$x))), 70)
audit$dead <- ifelse(audit$tenths == 70, 0, rbinom(120, 1, 0.7))
audit$days <- audit$tenths
# Sums of tenths in the order of a diary, the start's among them: many are one unit in the last place off.
audit$exact <- audit$tenths / 10
audit$start <- floor(audit$tenths * runif(120, 0, 0.9)) / 10
audit$stop <- audit$start + (audit$tenths / 10 - audit$start)
audit$stop <- ifelse(seq_len(120) %% 2 == 0, vapply(audit$tenths, function(n) sum(rep(0.1, n)), 0), audit$stop)
audit$sevenths <- audit$tenths / 13.7 + ifelse(seq_len(120) %% 3 == 0, 1e-12, 0)  # on no usual grid
audit$shift <- round(rnorm(120) * 0.3, 2)
audit$w <- sample(1:3, 120, TRUE) + 0
audit <- with_sites(audit, by_turn(120, 3))
stopifnot(any(audit$stop != audit$exact), all(abs(audit$stop - audit$exact) < 1e-12))
audit_notes <- "what an audit by random data sets has found; see cases_survival_audit.R"
audit_curve <- function(name, formula, ...) km_analysis(name, formula, audit, ...)
without_limits <- function() {
  plain <- km_analysis("no_limits", "Surv(days, dead) ~ sex", audit)
  plain$study$conf_type <- "none"
  plain$expected$curves <- lapply(plain$expected$curves, function(curve) {
    curve$conf_low <- curve$conf_high <- vector_of(rep(NA_real_, length(curve$time)))
    curve
  })
  plain
}
golden_case("survival_audit_curves", audit, from = "simulated, seed 20261203", notes = audit_notes, analyses = c(
  lapply(c("log", "log-log", "plain", "logit", "arcsin"), function(type)
    audit_curve(paste0("scale_", sub("-", "", type)), "Surv(days, dead) ~ factor(num)", conf_type = type)),
  lapply(c("log", "log-log", "plain", "logit", "arcsin"), function(type)
    audit_curve(paste0("before_", sub("-", "", type)), "Surv(days, dead) ~ sex", conf_type = type, times = c(0, 0.5, 3, 80))),
  list(without_limits(), audit_curve("rounded", "Surv(stop, dead) ~ sex"), audit_curve("rounded_late", "Surv(start, stop, dead) ~ 1"),
       audit_curve("rounded_off_grid", "Surv(sevenths, dead) ~ 1"),
       logrank_analysis("rounded_test", "Surv(stop, dead) ~ sex", audit),
       rmst_analysis("rounded_mean", "Surv(stop, dead) ~ sex", audit, tau = 5))))
golden_case("survival_audit_models", audit, from = "simulated, seed 20261203", notes = audit_notes, analyses = list(
  cox_analysis("rounded", "Surv(stop, dead) ~ x + sex", audit, strata = character(), baseline = TRUE, zph = TRUE),
  cox_analysis("rounded_by_site", "Surv(stop, dead) ~ x + sex", audit, zph = TRUE),
  cox_analysis("rounded_late", "Surv(start, stop, dead) ~ x + sex", audit, strata = character(), ties = "breslow", zph = TRUE),
  cox_analysis("rounded_late_by_site", "Surv(start, stop, dead) ~ x + sex", audit, zph = TRUE),
  cox_analysis("rounded_off_grid", "Surv(sevenths, dead) ~ x", audit, strata = character(), zph = TRUE),
  cox_analysis("rounded_off_grid_by_site", "Surv(sevenths, dead) ~ x", audit, zph = TRUE),
  cox_analysis("offset", "Surv(days, dead) ~ x + offset(shift)", audit, strata = character(), baseline = TRUE),
  refined_cox_analysis("offset_weights", "Surv(days, dead) ~ x + offset(shift)", audit, weights = "w", strata = character(), baseline = TRUE),
  failure_analysis("no_intercept", "Surv(days, dead) ~ x - 1", audit),
  failure_analysis("no_intercept_groups", "Surv(days, dead) ~ sex + x - 1", audit, "lognormal"),
  failure_analysis("no_intercept_exponential", "Surv(days, dead) ~ sex - 1", audit, "exponential"),
  failure_analysis("no_intercept_weights", "Surv(days, dead) ~ 0 + sex", audit, "loglogistic", weights = "w")))
