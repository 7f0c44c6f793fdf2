# SPDX-License-Identifier: Apache-2.0
# Result fields of survfit(), survdiff() and coxph().

as_vectors <- function(fields) lapply(fields, vector_of)

curve_fields <- function(fit, times) {
  points <- if (is.null(times)) summary(fit, censored = TRUE) else summary(fit, times = times, extend = TRUE)
  groups <- if (is.null(points$strata)) rep("", length(points$time)) else as.character(points$strata)
  medians <- summary(fit)$table
  medians <- if (is.matrix(medians)) medians[, "median"] else medians["median"]
  lapply(seq_along(unique(groups)), function(i) {
    here <- groups == unique(groups)[i]
    curve <- if (is.null(points$strata)) list() else list(stratum = unique(groups)[i])
    c(curve, as_vectors(list(
      time = points$time[here], n_risk = points$n.risk[here], n_event = points$n.event[here], n_censor = points$n.censor[here],
      estimate = points$surv[here], std_error = points$std.err[here], conf_low = points$lower[here],
      conf_high = points$upper[here])), list(median = unname(medians[i])))
  })
}

km_analysis <- function(name, formula, data, conf_type = NULL, times = NULL, conf_level = NULL) {
  type <- if (is.null(conf_type)) "log" else conf_type
  level <- if (is.null(conf_level)) 0.95 else conf_level
  fit <- do.call(survfit, list(as.formula(formula), data = data, conf.type = type, conf.int = level))
  study <- list(name = name, method = "kaplan_meier", formula = formula)
  for (key in c("conf_type", "conf_level")) study[[key]] <- get(key)
  if (!is.null(times)) study$times <- vector_of(times)
  list(study = study, expected = list(method = "kaplan_meier", n = sum(fit$n), n_missing = length(fit$na.action),
                                      curves = curve_fields(fit, times)))
}

logrank_analysis <- function(name, formula, data, rho = NULL, strata = NULL) {
  in_r <- if (is.null(strata)) formula else paste0(formula, " + strata(", paste(strata, collapse = ", "), ")")
  fit <- do.call(survdiff, list(as.formula(in_r), data = data, rho = if (is.null(rho)) 0 else rho))
  groups <- length(fit$n)
  over_strata <- function(x) vector_of(if (is.matrix(x)) rowSums(x) else x)
  df <- sum(rowSums(as.matrix(fit$exp)) > 0) - 1
  study <- list(name = name, method = "logrank", formula = formula)
  if (!is.null(rho)) study$rho <- rho
  if (!is.null(strata)) study$strata <- vector_of(strata)
  stopifnot(groups >= 2)
  list(study = study, expected = list(
    method = "logrank", n = sum(fit$n), n_missing = length(fit$na.action), statistic = fit$chisq, df = df,
    p_value = pchisq(fit$chisq, df, lower.tail = FALSE), observed = over_strata(fit$obs), expected = over_strata(fit$exp)))
}

# coxph() stops when the partial likelihood stands still; starting again at the solution twice takes the
# last digits. The null likelihood is that of the first fit.
polished_coxph <- function(formula, data, ties, robust) {
  call <- list(formula = formula, data = data, ties = ties, x = TRUE, model = TRUE,
               control = coxph.control(eps = 2e-12, iter.max = 200, toler.inf = 1e-6))
  if (robust) call$robust <- TRUE
  first <- suppressWarnings(do.call(coxph, call))
  fit <- first
  for (again in 1:2) {
    call$init <- ifelse(is.na(coef(fit)), 0, coef(fit))
    fit <- suppressWarnings(do.call(coxph, call))
  }
  score <- colSums(as.matrix(residuals(fit, type = "score")))[!is.na(coef(fit))]
  model_variance <- if (is.null(fit$naive.var)) fit$var else fit$naive.var
  error <- sqrt(diag(as.matrix(model_variance)))[!is.na(coef(fit))]
  if (any(abs(score) * error > 1e-9)) stop("coxph did not converge: scaled score ", max(abs(score) * error))
  fit$loglik[1] <- first$loglik[1]
  fit
}

cox_fields <- function(fit, level) {
  estimate <- coef(fit)
  covariance <- vcov(fit, complete = FALSE)
  terms <- wald_terms(names(estimate), unname(estimate), covariance, NULL, level)
  terms <- lapply(terms, function(term) append(term, list(hazard_ratio = exp(term$estimate)), 2))
  list(method = "cox", n = fit$n, n_missing = length(fit$na.action), converged = TRUE, terms = terms,
       vcov = full_matrix(names(estimate), estimate, covariance), log_lik_null = fit$loglik[1], log_lik = fit$loglik[2],
       concordance = unname(fit$concordance["concordance"]), concordance_se = unname(fit$concordance["std"]))
}

# `strata` as in the study (NULL: the default, "site"); baseline and zph are extra fields for a few cases.
cox_analysis <- function(name, formula, data, ties = NULL, strata = NULL, robust = NULL, conf_level = NULL,
                         baseline = FALSE, zph = FALSE) {
  by <- if (is.null(strata)) "site" else strata
  in_r <- paste0(c(formula, if (length(by) > 0) paste0("strata(", by, ")")), collapse = " + ")
  fit <- polished_coxph(as.formula(in_r), data, if (is.null(ties)) "efron" else ties, isTRUE(robust))
  study <- list(name = name, method = "cox", formula = formula)
  for (key in c("ties", "robust", "conf_level")) study[[key]] <- get(key)
  if (!is.null(strata)) study$strata <- vector_of(strata)
  expected <- cox_fields(fit, if (is.null(conf_level)) 0.95 else conf_level)
  if (baseline) expected$baseline <- baseline_fields(fit)
  if (zph) expected$proportional_hazards <- zph_fields(fit)
  list(study = study, expected = expected)
}

baseline_fields <- function(fit) {
  hazard <- basehaz(fit, centered = FALSE)
  mapply(function(time, hazard) list(time = time, hazard = hazard), hazard$time, hazard$hazard, SIMPLIFY = FALSE)
}

# The transformed event times of transform = "km": one minus the survival, of all rows, just before them.
before_events <- function(y) {
  curve <- survfit(y ~ 1, se.fit = FALSE)
  function(times) 1 - c(1, curve$surv)[findInterval(times, curve$time, left.open = TRUE) + 1]
}

# cox.zph() of survival 3.5-3 reads beyond its arrays where a stratum has no event, and says what it finds there. Such
# strata add nothing to score and information: their rows are left out of the fit that is tested.
eventful_coxph <- function(fit) {
  rows <- as.integer(rownames(fit$model))
  eventful <- is.null(fit$strata) | fit$strata %in% fit$strata[fit$y[, ncol(fit$y)] == 1]
  if (all(eventful)) return(fit)
  call <- as.list(fit$call)[-1]
  if (!is.null(call$weights)) call$weights <- call$weights[rows[eventful]]
  call$data <- droplevels(call$data[rows[eventful], ])
  again <- suppressWarnings(do.call(coxph, call))
  stopifnot(all.equal(coef(again), coef(fit), tolerance = 1e-12), all.equal(again$loglik[2], fit$loglik[2], tolerance = 1e-12))
  again
}

zph_fields <- function(fit) {
  eventful <- eventful_coxph(fit)
  table <- (if (eventful$n == fit$n) cox.zph(fit) else cox.zph(eventful, transform = before_events(fit$y)))$table
  lapply(seq_len(nrow(table)), function(i) {
    list(term = rownames(table)[i], statistic = table[i, "chisq"], df = table[i, "df"], p_value = table[i, "p"])
  })
}

# The same with errors of clusters: cluster() goes into the study's formula and into coxph's.
cox_clusters <- function(name, formula, data, cluster, ...) {
  cox_analysis(name, paste0(formula, " + cluster(", cluster, ")"), data, ...)
}
