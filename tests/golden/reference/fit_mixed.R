# SPDX-License-Identifier: Apache-2.0
# lme4's linear mixed models driven to full convergence, and the result fields made from them.
#
# lmer() stops when the deviance stands still, at about 1e-7 of theta. From there the gradient of the profiled
# deviance, written out with the dense covariance V = I + Z L L' Z' (another road than lme4's and ours), is
# driven to zero by Newton's method; the estimates then are those of generalised least squares under that V.

relative_covariance <- function(fit, theta) {
  lambdat <- getME(fit, "Lambdat")
  lambdat@x <- theta[getME(fit, "Lind")]
  as.matrix(crossprod(lambdat))
}

# Derivative of the relative covariance of all effects in entry i of theta.
relative_derivative <- function(fit, theta, i) {
  lambdat <- getME(fit, "Lambdat")
  lambdat@x <- theta[getME(fit, "Lind")]
  change <- lambdat
  change@x <- as.numeric(getME(fit, "Lind") == i)
  as.matrix(crossprod(change, lambdat) + crossprod(lambdat, change))
}

# Columns beside the intercept centred and scaled: x %*% shape is well conditioned.
well_shaped <- function(x) {
  shape <- diag(ncol(x))
  intercept <- match("(Intercept)", colnames(x))
  for (j in seq_len(ncol(x))) {
    if (!is.na(intercept) && j != intercept) shape[intercept, j] <- -mean(x[, j])
    shape[, j] <- shape[, j] / sqrt(mean((x %*% shape[, j])^2))
  }
  shape
}

lmm_at <- function(fit, theta) {
  original <- getME(fit, "X")
  shape <- well_shaped(original)
  x <- original %*% shape
  outcome <- getME(fit, "y") - getME(fit, "offset")
  least_squares <- qr.coef(qr(x), outcome)
  y <- outcome - drop(x %*% least_squares)  # what is far from zero does not cancel later
  z <- as.matrix(getME(fit, "Z"))
  reml <- isREML(fit)
  v <- diag(1 / weights(fit)) + z %*% relative_covariance(fit, theta) %*% t(z)
  inverse <- chol2inv(chol(v))
  information <- t(x) %*% inverse %*% x
  beta <- solve(information, t(x) %*% inverse %*% y)
  r <- y - x %*% beta
  rss <- sum(r * (inverse %*% r))
  m <- nrow(x) - if (reml) ncol(x) else 0
  p <- inverse - inverse %*% x %*% solve(information, t(x) %*% inverse)
  gradient <- vapply(seq_along(theta), function(i) {
    change <- z %*% relative_derivative(fit, theta, i) %*% t(z)
    sum((if (reml) p else inverse) * change) - m * sum((p %*% y) * (change %*% (p %*% y))) / rss
  }, 0)
  deviance <- as.numeric(determinant(v)$modulus) + m * (1 + log(2 * pi * rss / m)) +
    if (reml) as.numeric(determinant(information)$modulus) - 2 * as.numeric(determinant(shape)$modulus) else 0
  list(theta = theta, gradient = gradient, deviance = deviance, beta = setNames(drop(shape %*% (least_squares + beta)), colnames(original)),
       sigma2 = rss / m, covariance = rss / m * shape %*% solve(information) %*% t(shape), inverse = inverse, residual = r, z = z)
}

polished_lmm <- function(formula, data, reml = TRUE, weights = NULL) {
  fit <- suppressMessages(suppressWarnings(do.call(lmer, list(formula, data, REML = reml, weights = if (!is.null(weights)) data[[weights]],
    control = lmerControl(optimizer = "bobyqa", calc.derivs = FALSE, optCtrl = list(rhoend = 1e-9))))))
  theta <- getME(fit, "theta")
  theta[abs(theta) < 1e-5] <- 0
  for (iteration in 1:40) {
    at <- lmm_at(fit, theta)$gradient
    slope <- vapply(seq_along(theta), function(i) {
      step <- replace(numeric(length(theta)), i, 1e-5)
      (lmm_at(fit, theta + step)$gradient - lmm_at(fit, theta - step)$gradient) / 2e-5
    }, theta)
    step <- solve(matrix(slope, length(theta)), at)
    theta <- theta - step
    if (max(abs(step)) < 1e-14) break
  }
  theta[abs(theta) < 1e-10] <- 0
  best <- lmm_at(fit, theta)
# lme4 itself is less exact for columns far from zero.
  stopifnot(abs(best$deviance + 2 * as.numeric(logLik(fit))) < 1e-3,
            max(abs(best$beta - fixef(fit)) / sqrt(diag(best$covariance))) < 1e-2)
  c(best, list(fit = fit))
}

# The terms' names and relative covariances, in the order of lme4's VarCorr; those of one group stand together.
random_terms <- function(best) {
  names_of <- getME(best$fit, "cnms")
  used <- 0
  terms <- lapply(seq_along(names_of), function(i) {
    q <- length(names_of[[i]])
    lambda <- matrix(0, q, q)
    lambda[lower.tri(lambda, TRUE)] <- best$theta[used + seq_len(q * (q + 1) / 2)]
    used <<- used + q * (q + 1) / 2
    list(group = names(names_of)[i], names = names_of[[i]], covariance = best$sigma2 * lambda %*% t(lambda))
  })
  groups <- vapply(terms, function(term) term$group, "")
  lapply(unique(groups), function(group) {  # lmer turns the terms of one group round where another one has fewer levels
    mine <- terms[groups == group]
    mine[order(!vapply(mine, function(term) term$names[1] == "(Intercept)", TRUE))]
  })
}

# Group by group one line per variance, then per covariance, then the residual.
variance_components <- function(best) {
  lines <- list()
  for (group in random_terms(best)) {
    for (term in group) for (a in seq_along(term$names)) {
      lines <- c(lines, list(list(group = term$group, term = term$names[a], variance = term$covariance[a, a],
                                  sd = sqrt(term$covariance[a, a]))))
    }
    for (term in group) for (a in seq_along(term$names)) for (b in seq_along(term$names)[seq_along(term$names) > a]) {
      covariance <- term$covariance
      lines <- c(lines, list(list(group = term$group, term = term$names[a], term2 = term$names[b],
        covariance = covariance[a, b], correlation = covariance[a, b] / sqrt(covariance[a, a] * covariance[b, b]))))
    }
  }
  c(lines, list(list(group = "Residual", term = NA, variance = best$sigma2, sd = sqrt(best$sigma2))))
}

# Conditional modes with their conditional standard deviations, site by site.
site_effects <- function(best) {
  fit <- best$fit
  g <- relative_covariance(fit, best$theta)
  modes <- g %*% t(best$z) %*% best$inverse %*% best$residual
  left <- best$sigma2 * (g - g %*% t(best$z) %*% best$inverse %*% best$z %*% g)
  names_of <- getME(fit, "cnms")[[1]]
  levels_of <- levels(getME(fit, "flist")[[1]])
  lines <- list()
  for (s in seq_along(levels_of)) for (a in seq_along(names_of)) {
    at <- (s - 1) * length(names_of) + a
    lines <- c(lines, list(list(group = "site", level = levels_of[s], term = names_of[a], estimate = modes[at],
                                std_error = sqrt(left[at, at]))))
  }
  lines
}

lmm_analysis <- function(name, formula, data, reml = NULL, conf_level = NULL, weights = NULL) {
  best <- polished_lmm(as.formula(formula), data, is.null(reml) || reml, weights)
  fit <- best$fit
  rows <- nobs(fit)
  parameters <- length(best$beta) + length(best$theta) + 1
  log_lik <- -best$deviance / 2
  study <- list(name = name, method = "mixed", formula = formula)
  for (key in c("reml", "conf_level", "weights")) study[[key]] <- get(key)
  fields <- list(method = "mixed", n = rows, n_missing = length(attr(fit@frame, "na.action")), converged = TRUE,
    terms = wald_terms(names(best$beta), unname(best$beta), best$covariance, NULL, if (is.null(conf_level)) 0.95 else conf_level),
    vcov = full_matrix(names(best$beta), best$beta, best$covariance), variance_components = variance_components(best),
    sigma = sqrt(best$sigma2), log_lik = log_lik, aic = -2 * log_lik + 2 * parameters,
    bic = -2 * log_lik + log(rows) * parameters, df_residual = rows - parameters)
  if (identical(names(getME(fit, "cnms")), "site")) fields$random_effects <- site_effects(best)
  list(study = study, expected = fields)
}
