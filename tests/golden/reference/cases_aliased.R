# SPDX-License-Identifier: Apache-2.0
# A column that is twice another, in the methods where R has no NA of its own for it: lme4 drops the column, geepack and
# cmprsk stop. Expected is the fit without it, and the column's term as null, as in glm.

# The analysis with `term` behind `after` in its formula.
aliased <- function(analysis, term, after) {
  analysis$study$formula <- sub(after, paste(after, "+", term), analysis$study$formula, fixed = TRUE)
  expected <- analysis$expected
  at <- match(after, vapply(expected$terms, function(of) of$term, ""))
  none <- lapply(expected$terms[[1]], function(value) NA)
  none$term <- term
  expected$terms <- append(expected$terms, list(none), at)
  if (!is.null(expected$vcov)) {
    names <- append(unlist(expected$vcov$names), term, at)
    estimate <- replace(rep(0, length(names)), at + 1, NA)
    expected$vcov <- full_matrix(names, estimate, expected$vcov$values)
  }
  expected$warnings_contain <- paste("collinear with the terms before:", term)
  analysis$expected <- expected
  analysis
}

dropped <- suppressMessages(lmer(change ~ age + twice + arm + (1 | id), clinic))
stopifnot(identical(setdiff(c("age", "twice", "armnone"), names(fixef(dropped))), "twice"))
golden_case("aliased_persons", clinic, empty = "s5", from = clinic_from, notes = c(clinic_notes, gee_notes, lmm_notes),
  tolerances = list(p_value = 1e-8), because = small_p, analyses = list(
  aliased(lmm_analysis("intercepts", "change ~ age + arm + (1 | id)", clinic), "twice", "age"),
  aliased(lmm_analysis("slopes", "change ~ turn + age + arm + (turn | id)", clinic, reml = FALSE), "twice", "age"),
  aliased(glmm_analysis("binomial_mixed", "response ~ age + arm + (1 | id)", clinic, "binomial"), "twice", "age"),
  aliased(glmm_analysis("poisson_mixed", "visits ~ age + sex + offset(log(years)) + (1 | id)", clinic, "poisson"), "twice", "age"),
  aliased(gee_analysis("exchangeable", "change ~ age + arm", clinic, "id", "exchangeable"), "twice", "age"),
  aliased(gee_analysis("ar1", "change ~ age + sex", clinic, "id", "ar1", time = "turn"), "twice", "age"),
  aliased(gee_analysis("binomial", "response ~ age + sex", clinic, "id", "exchangeable", "binomial"), "twice", "age")))

golden_case("aliased_registry", registry, empty = "s5", from = registry_from, notes = registry_notes, analyses = list(
  aliased(competing_analysis("regression", "age + arm", registry, time = "weeks", status = "state", model = "fine_gray"), "twice", "age"),
  aliased(competing_analysis("late", "age + sex", registry, time = "weeks", status = "state", cause = 2, model = "fine_gray", late = "entry"), "twice", "age")))
