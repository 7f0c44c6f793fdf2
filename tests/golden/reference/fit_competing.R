# SPDX-License-Identifier: Apache-2.0
# Competing risks: curves of survfit() for a multi-state status, cmprsk's tests of Gray and crr().
suppressPackageStartupMessages(library(cmprsk))
cmprsk_version <- paste("cmprsk", packageVersion("cmprsk"))

incidence_curves <- function(data, time, status, group, cause, causes, labels, conf_type, level, times) {
  data$.status <- factor(data[[status]], levels = c(0, causes))
  right <- if (is.null(group)) "1" else group
  fit <- survfit(as.formula(paste0("Surv(", time, ", .status) ~ ", right)), data = data, conf.type = conf_type, conf.int = level)
  points <- if (is.null(times)) summary(fit, censored = TRUE) else summary(fit, times = times, extend = TRUE)
  strata <- if (is.null(points$strata)) rep("", length(points$time)) else as.character(points$strata)
  unlist(lapply(c(cause, setdiff(causes, cause)), function(one) {
    state <- match(as.character(one), points$states)
    lapply(unique(strata), function(stratum) {
      here <- strata == stratum
      estimate <- points$pstate[here, state]
      limits <- function(x) vector_of(ifelse(estimate == 0, NA, x[here, state]))
      c(if (stratum == "") list() else list(stratum = stratum), list(cause = labels[[as.character(one)]]),
        lapply(list(time = points$time[here], n_risk = points$n.risk[here, 1], n_event = points$n.event[here, state],
                    estimate = estimate, std_error = points$std.err[here, state]), vector_of),
        list(conf_low = limits(points$lower), conf_high = limits(points$upper)))
    })
  }), recursive = FALSE)
}

gray_tests <- function(data, time, status, group, cause, causes, labels) {
  tests <- cuminc(data[[time]], data[[status]], data[[group]])$Tests
  lapply(c(cause, setdiff(causes, cause)), function(one) {
    row <- tests[as.character(one), ]
    list(cause = labels[[as.character(one)]], statistic = row[["stat"]], df = row[["df"]],
         p_value = pchisq(row[["stat"]], row[["df"]], lower.tail = FALSE))
  })
}

# crr() stops when the score is small against the likelihood; Newton steps from its own score take the last digits.
polished_crr <- function(time, status, x, cause) {
  fit <- crr(time, status, x, failcode = cause, maxiter = 50)
  for (again in 1:3) {
    fit <- crr(time, status, x, failcode = cause, init = fit$coef + c(fit$invinf %*% fit$score), maxiter = 0)
  }
  stopifnot(max(abs(fit$score) * sqrt(diag(fit$invinf))) < 1e-11)
  fit
}

# `status` holds numbers in `data`; `told` is the column that the study names, a factor's levels being `labels`.
competing_analysis <- function(name, right, data, time = "time", status = "status", told = status, labels = NULL, cause = 1,
                               group = NULL, groups = NULL, conf_type = "log", conf_level = 0.95, times = NULL, model = NULL) {
  columns <- c(time, status, setdiff(all.vars(as.formula(paste("~", right))), "site"), group)
  data <- data[complete.cases(data[columns]), ]
  causes <- setdiff(sort(unique(data[[status]])), 0)
  if (is.null(labels)) labels <- setNames(as.list(causes), causes)
  study <- list(name = name, method = "competing_risks", formula = paste0("Surv(", time, ", ", told, ") ~ ", right))
  if (cause != 1) study$cause <- labels[[as.character(cause)]]
  if (!is.null(groups)) study$groups <- vector_of(groups)
  if (conf_type != "log") study$conf_type <- conf_type
  if (conf_level != 0.95) study$conf_level <- conf_level
  if (!is.null(times)) study$times <- vector_of(times)
  if (!is.null(model)) study$model <- model
  expected <- list(method = "competing_risks", n = nrow(data))
  if (!identical(model, "fine_gray")) {
    expected$curves <- incidence_curves(data, time, status, group, cause, causes, labels, conf_type, conf_level, times)
    if (!is.null(group)) expected$tests <- gray_tests(data, time, status, group, cause, causes, labels)
  }
  if (right != "1" && !identical(model, "cuminc")) {
    x <- model.matrix(as.formula(paste("~", right)), data)[, -1, drop = FALSE]
    fit <- polished_crr(data[[time]], data[[status]], x, cause)
    estimate <- setNames(fit$coef, colnames(x))
    terms <- wald_terms(names(estimate), unname(estimate), fit$var, NULL, conf_level)
    terms <- lapply(terms, function(term) append(term, list(hazard_ratio = exp(term$estimate)), 2))
    expected <- c(expected, list(converged = TRUE, terms = terms, vcov = full_matrix(names(estimate), estimate, fit$var),
                                 log_lik_null = fit$loglik.null, log_lik = fit$loglik))
  }
  list(study = study, expected = expected)
}
