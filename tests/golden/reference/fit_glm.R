# SPDX-License-Identifier: Apache-2.0
# glm() driven to full convergence, and the result fields made from it.
#
# glm() stops when the deviance stands still and reports the standard errors of the weights *before* its
# last step. Starting again at the solution (etastart), until the score vanishes, makes these the weights
# at the solution. epsilon stays at its default, since glm() also derives from it the tolerance for aliased
# columns: a smaller one makes R miss them.

polished_glm <- function(formula, data, family, weights = NULL, start = NULL) {
  call <- list(formula = formula, family = family, data = data, start = start,
               control = glm.control(epsilon = 1e-8, maxit = 100))
  if (!is.null(weights)) call$weights <- data[[weights]]
  fit <- suppressWarnings(do.call(glm, call))
  call$start <- NULL
  # Fisher scoring converges linearly where the link is not canonical: long after the deviance stands still.
  best <- Inf
  since_best <- 0
  current <- fit
  while (since_best < 10 && best > 1e-15) {
    current <- refit_at(current, call)
    worst <- scaled_score(current)
    since_best <- since_best + 1
    if (worst < best) {
      best <- worst
      fit <- current
      since_best <- 0
    }
  }
  fit <- refit_at(refit_at(fit, call), call)  # the weights of the step before are now those of the solution
  if (!(best < 1e-10)) stop(deparse1(formula), ": glm did not converge: scaled score ", best)
  fit$null.deviance <- null_deviance(fit)
  fit
}

refit_at <- function(fit, call) {
  call$etastart <- rep(NA_real_, nrow(call$data))
  call$etastart[as.integer(names(fit$linear.predictors))] <- fit$linear.predictors
  suppressWarnings(do.call(glm, call))
}

# glm() fits the null model of an offset only as far as epsilon; without offset it is the weighted mean.
null_deviance <- function(fit) {
  if (is.null(fit$offset) || attr(fit$terms, "intercept") == 0) return(fit$null.deviance)
  eta <- NULL
  for (again in 1:50) {
    null <- suppressWarnings(glm.fit(matrix(1, length(fit$y), 1), fit$y, fit$prior.weights, offset = fit$offset,
                                     family = fit$family, etastart = eta, control = glm.control(1e-14, 100)))
    eta <- null$linear.predictors
  }
  stopifnot(all.equal(null$deviance, fit$null.deviance, tolerance = 1e-7))
  null$deviance
}

dispersion_of <- function(fit) suppressWarnings(summary(fit))$dispersion  # warns of zero weights

# The score in units of its standard deviation, coefficient by coefficient. fit$weights will not do: they
# are of the step before, for which the score vanishes by construction.
scaled_score <- function(fit) {
  used <- fit$prior.weights > 0
  x <- model.matrix(fit)[used, !is.na(coef(fit)), drop = FALSE]
  mu <- fit$fitted.values[used]
  w <- fit$prior.weights[used] * fit$family$mu.eta(fit$linear.predictors[used])^2 / fit$family$variance(mu)
  score <- colSums(x * w * fit$residuals[used])
  max(abs(score) / sqrt(colSums(x^2 * w) * dispersion_of(fit)))
}

robust_covariance <- function(fit, robust, cluster) {
  switch(robust, none = suppressWarnings(vcov(fit, complete = FALSE)), HC0 = vcovHC(fit, type = "HC0"),
         HC1 = vcovHC(fit, type = "HC1"), cluster = vcovCL(fit, cluster = cluster, type = "HC0", cadjust = TRUE))
}

# t with the residual degrees of freedom where the family's dispersion is estimated, as summary.glm; z
# with robust errors, as lmtest::coeftest() for a glm.
wald_terms <- function(names, estimate, covariance, df, level) {
  error <- rep(NA_real_, length(estimate))
  error[!is.na(estimate)] <- sqrt(diag(covariance))
  z <- qnorm(1 - (1 - level) / 2)
  statistic <- estimate / error
  p <- if (is.null(df)) 2 * pnorm(-abs(statistic)) else 2 * pt(-abs(statistic), df)
  mapply(function(...) list(...), term = names, estimate = estimate, std_error = error, statistic = statistic,
         p_value = p, conf_low = estimate - z * error, conf_high = estimate + z * error,
         SIMPLIFY = FALSE, USE.NAMES = FALSE)
}

# vcov() writes NA for aliased coefficients; so does the result (null).
full_matrix <- function(names, estimate, covariance) {
  values <- matrix(NA_real_, length(names), length(names))
  values[!is.na(estimate), !is.na(estimate)] <- covariance
  list(names = vector_of(names), values = values)
}

# Rows of weight zero count in nothing. logLik.glm() counts them in nobs and, for gaussian, adds log(0);
# logLik.lm() leaves them out, and so do we.
likelihood_fields <- function(fit) {
  family <- fit$family$family
  if (grepl("^quasi", family)) return(list(log_lik = NA, aic = NA, bic = NA))
  used <- fit$prior.weights > 0
  parameters <- fit$rank + (family %in% c("gaussian", "Gamma"))
  log_lik <- as.numeric(logLik(fit))
  if (family == "gaussian") {
    w <- fit$prior.weights[used]
    log_lik <- sum(log(w)) / 2 - sum(used) / 2 * (log(2 * pi * fit$deviance / sum(used)) + 1)
    if (all(used)) stopifnot(all.equal(log_lik, as.numeric(logLik(fit)), tolerance = 1e-12))
  }
  list(log_lik = log_lik, aic = -2 * log_lik + 2 * parameters, bic = -2 * log_lik + log(sum(used)) * parameters)
}

glm_fields <- function(fit, rows, robust = "none", cluster = NULL, level = 0.95) {
  estimate <- coef(fit)
  covariance <- robust_covariance(fit, robust, cluster)
  z_based <- robust != "none" || fit$family$family %in% c("binomial", "poisson")
  fields <- list(
    method = "glm", n = nobs(fit), n_missing = length(fit$na.action), converged = TRUE,
    terms = wald_terms(names(estimate), unname(estimate), covariance, if (z_based) NULL else fit$df.residual, level),
    vcov = full_matrix(names(estimate), estimate, covariance),
    deviance = fit$deviance, null_deviance = fit$null.deviance, df_residual = fit$df.residual,
    df_null = fit$df.null, dispersion = dispersion_of(fit))
  c(fields, likelihood_fields(fit))
}

family_of <- function(family, link) {
  make <- get(family, mode = "function", envir = asNamespace("stats"))
  if (is.null(link)) make() else do.call(make, list(link = link))
}

# An analysis of the study and what R gives for it. `formula` is text; cluster() is no part of R's formula.
glm_analysis <- function(name, formula, data, family = "gaussian", link = NULL, weights = NULL, robust = NULL,
                         cluster = NULL, start = NULL, conf_level = NULL) {
  fit <- polished_glm(as.formula(formula), data, family_of(family, link), weights, start)
  written <- if (is.null(cluster)) formula else paste0(formula, " + cluster(", cluster, ")")
  study <- list(name = name, method = "glm", formula = written, family = family)
  for (key in c("link", "weights", "robust", "conf_level")) study[[key]] <- get(key)
  groups <- if (!is.null(cluster)) data[[cluster]][as.integer(names(fit$linear.predictors))]
  list(study = study, expected = glm_fields(fit, nrow(data), if (is.null(robust)) "none" else robust, groups,
                                            if (is.null(conf_level)) 0.95 else conf_level))
}
