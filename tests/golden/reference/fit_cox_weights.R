# SPDX-License-Identifier: Apache-2.0
# Cox models with case weights or offsets, and survival predicted for new rows by survfit().

refined_coxph <- function(formula, data, weights, ties, robust) {
  call <- list(formula = formula, data = data, ties = ties, x = TRUE, model = TRUE,
               control = coxph.control(eps = 2e-12, iter.max = 200, toler.inf = 1e-6))
  if (!is.null(weights)) call$weights <- data[[weights]]
  if (!is.null(robust)) call$robust <- robust
  first <- suppressWarnings(do.call(coxph, call))
  fit <- first
  for (again in 1:2) {
    call$init <- coef(fit)
    fit <- suppressWarnings(do.call(coxph, call))
  }
  fit$loglik[1] <- first$loglik[1]
  fit
}

predicted_fields <- function(fit, newdata, times, level) {
  lapply(seq_len(nrow(newdata)), function(i) {
    curve <- survfit(fit, newdata = newdata[i, , drop = FALSE], conf.int = level)
    points <- if (is.null(times)) summary(curve, censored = TRUE) else summary(curve, times = times, extend = TRUE)
    lapply(list(time = points$time, estimate = points$surv, std_error = points$std.err, conf_low = points$lower,
                conf_high = points$upper), vector_of)
  })
}

# `newdata` as R reads it; `newdata_toml` the same as the study has it, one text per row.
refined_cox_analysis <- function(name, formula, data, weights = NULL, ties = NULL, strata = NULL, robust = NULL, conf_level = NULL,
                                 newdata = NULL, times = NULL, baseline = FALSE) {
  by <- if (is.null(strata)) "site" else strata
  in_r <- paste0(c(formula, if (length(by) > 0) paste0("strata(", by, ")")), collapse = " + ")
  level <- if (is.null(conf_level)) 0.95 else conf_level
  fit <- refined_coxph(as.formula(in_r), data, weights, if (is.null(ties)) "efron" else ties, robust)
  study <- list(name = name, method = "cox", formula = formula)
  for (key in c("weights", "ties", "robust", "conf_level")) study[[key]] <- get(key)
  if (!is.null(strata)) study$strata <- vector_of(strata)
  expected <- cox_fields(fit, level)
  if (!is.null(weights)) expected$proportional_hazards <- zph_fields(fit)
  if (baseline) expected$baseline <- baseline_fields(fit)
  if (!is.null(newdata)) {
    study$newdata <- structure(toml_rows(newdata), class = "toml")
    if (!is.null(times)) study$times <- vector_of(times)
    expected$predictions <- predicted_fields(fit, newdata, times, level)
  }
  list(study = study, expected = expected)
}

toml_rows <- function(data) {
  rows <- vapply(seq_len(nrow(data)), function(i) {
    values <- vapply(data, function(column) scalar_json(if (is.factor(column)) as.character(column[i]) else column[i]), "")
    paste0("{", paste(quoted(names(data)), "=", values, collapse = ", "), "}")
  }, "")
  paste0("[", paste(rows, collapse = ", "), "]")
}
