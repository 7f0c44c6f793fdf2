# SPDX-License-Identifier: Apache-2.0
# Treatment effects as the root of all their estimating equations stacked, with the sandwich covariance
# solve(A) crossprod(psi) solve(A)' of M-estimation. The equations are written down as functions of every parameter at
# once; A is found by complex-step differentiation (exact to rounding, no formula of ours in it), the root by
# Newton's method with that A.

# Parameters in a list of parts with sizes, read from one vector.
parts_of <- function(theta, sizes) split(theta, factor(rep(names(sizes), sizes), names(sizes)))

arm_matrix <- function(values, p) matrix(values, nrow = p)  # one column per arm

# n x K matrix of propensities: multinomial logit, the first arm the reference.
propensities <- function(x, gamma, arms) {
  eta <- cbind(0, x %*% arm_matrix(gamma, ncol(x)))
  odds <- exp(eta)
  odds / rowSums(odds)
}

# Weight of a person in each arm: 1 / e (ATE), e_focal / e (ATT), (sum 1/e)^-1 / e (overlap).
arm_weights <- function(e, estimand, focal) {
  switch(estimand, ATE = 1 / e, ATT = e[, focal] / e, ATO = 1 / e / rowSums(1 / e))
}

mean_of <- function(eta, binary) if (binary) 1 / (1 + exp(-eta)) else eta

# The stacked estimating functions, one row per person. `d` holds x (with intercept), y, arm (1..K), kept, and the
# options; `theta` may be complex.
stacked_psi <- function(theta, d) {
  part <- parts_of(theta, d$sizes)
  own <- outer(d$arm, seq_len(d$arms), "==") * 1
  psi <- list()
  if (d$propensity) {
    e <- propensities(d$x, part$gamma, d$arms)
    for (c in seq_len(d$arms)[-1]) psi <- c(psi, list(d$x * (own[, c] - e[, c])))
    u <- arm_weights(e, d$estimand, d$focal) * d$kept
  }
  if (d$outcome) {
    eta <- d$x %*% arm_matrix(part$beta, ncol(d$x))
    q <- mean_of(eta, d$binary)
    for (a in seq_len(d$arms)) psi <- c(psi, list(d$x * (own[, a] * (d$y - q[, a]))))
  }
  member <- d$kept * if (d$estimand == "ATT") own[, d$focal] else 1
  for (a in seq_len(d$arms)) {
    mu <- part$mu[a]
    psi <- c(psi, switch(d$estimator,
      ipw = , overlap = list(own[, a] * u[, a] * (d$y - mu)),
      gcomp = list(member * (q[, a] - mu)),
      aipw = list(member * (q[, a] - mu) + own[, a] * u[, a] * (d$y - q[, a])),
      tmle = {
        fluctuated <- mean_of(eta[, a] + part$epsilon[a] * u[, a], d$binary)
        list(own[, a] * u[, a] * (d$y - fluctuated), member * (fluctuated - mu))
      }))
  }
  do.call(cbind, psi)
}

# Columns of psi in the order of theta: tmle's equations alternate epsilon and mu.
psi_order <- function(d) {
  if (d$estimator != "tmle") return(seq_len(sum(d$sizes)))
  models <- sum(d$sizes[c("gamma", "beta")])
  c(seq_len(models), models + 2 * seq_len(d$arms) - 1, models + 2 * seq_len(d$arms))
}

stacked_jacobian <- function(theta, d) {
  order <- psi_order(d)
  sapply(seq_along(theta), function(j) {
    step <- complex(length(theta), real = theta)
    step[j] <- step[j] + 1e-30i
    Im(colSums(stacked_psi(step, d)))[order] / 1e-30
  })
}

solve_stacked <- function(d, theta) {
  order <- psi_order(d)
  for (again in 1:200) {
    psi <- stacked_psi(theta, d)[, order]
    step <- solve(stacked_jacobian(theta, d), colSums(psi), tol = 1e-30)
    theta <- theta - step
    if (max(abs(step)) < 1e-14 * (1 + max(abs(theta))) || again == 200) break
  }
  stopifnot(max(abs(step)) < 1e-10)
  theta
}

sandwich_of <- function(theta, d) {
  order <- psi_order(d)
  inverse <- solve(stacked_jacobian(theta, d), tol = 1e-30)
  covariance <- inverse %*% crossprod(stacked_psi(theta, d)[, order]) %*% t(inverse)
  covariance[seq_along(theta) > length(theta) - d$arms, seq_along(theta) > length(theta) - d$arms]
}

# Columns centred and scaled: the sandwich does not depend on it, but its rounding does. Collinear ones are left out.
standard_columns <- function(x) {
  scaled <- x
  for (j in seq_len(ncol(x))[-1]) scaled[, j] <- (x[, j] - mean(x[, j])) / sd(x[, j])
  scaled[, qr(scaled, tol = 1e-7)$pivot[seq_len(qr(scaled, tol = 1e-7)$rank)], drop = FALSE]
}

effect_problem <- function(data, outcome, treatment, covariates, estimator, estimand, trim, family, treated) {
  right <- paste(c("1", covariates), collapse = " + ")
  frame <- model.frame(as.formula(paste(outcome, "~", right, "+ .treatment")), transform(data, .treatment = factor(data[[treatment]])))
  response <- model.response(frame)
  if (!is.numeric(response)) response <- as.integer(factor(response)) - 1
  arm <- droplevels(frame$.treatment)
  x <- model.matrix(as.formula(paste("~", right)), frame_data(data, frame))
  focal <- if (is.null(treated)) 2 else match(treated, levels(arm))
  list(x = standard_columns(x), columns = x, y = as.numeric(response), arm = as.integer(arm), levels = levels(arm), arms = nlevels(arm),
       estimator = estimator, estimand = if (estimator == "overlap") "ATO" else estimand, focal = focal, trim = trim,
       binary = if (is.null(family)) all(response %in% 0:1) else family == "binomial", propensity = estimator != "gcomp",
       outcome = estimator %in% c("gcomp", "aipw", "tmle"), kept = rep(1, nrow(x)), missing = nrow(data) - nrow(x))
}

frame_data <- function(data, frame) droplevels(data[as.integer(rownames(frame)), , drop = FALSE])

with_sizes <- function(d) {
  p <- ncol(d$x)
  d$sizes <- c(gamma = if (d$propensity) (d$arms - 1) * p else 0, beta = if (d$outcome) d$arms * p else 0,
               epsilon = if (d$estimator == "tmle") d$arms else 0, mu = d$arms)
  d
}

# The models alone first, by glm for outcomes and two arms; trimming looks at their propensities.
starting_values <- function(d) {
  gamma <- beta <- numeric()
  if (d$propensity) {
    models <- with_sizes(modifyList(d, list(estimator = "ipw", estimand = "ATE", outcome = FALSE)))
    start <- rep(0, sum(models$sizes))
    if (d$arms == 2) start[seq_len(ncol(d$x))] <- glm.fit(d$x, d$arm - 1, family = binomial())$coefficients
    gamma <- parts_of(solve_stacked(models, start), models$sizes)$gamma
  }
  if (d$outcome) {
    for (a in seq_len(d$arms)) {
      own <- d$arm == a
      beta <- c(beta, glm.fit(d$x[own, ], d$y[own], family = if (d$binary) binomial() else gaussian())$coefficients)
    }
  }
  c(gamma, beta, rep(0, d$sizes["epsilon"] + d$arms))
}

# Log odds against the first arm on the columns as they are, with the inverse information.
propensity_terms <- function(d, gamma, level) {
  p <- ncol(d$x)
  e <- propensities(d$x, gamma, d$arms)
  terms <- list()
  information <- matrix(0, length(gamma), length(gamma))
  for (b in seq_len(d$arms - 1)) for (c in seq_len(d$arms - 1)) {
    w <- e[, b + 1] * ((b == c) - e[, c + 1])
    information[(b - 1) * p + 1:p, (c - 1) * p + 1:p] <- crossprod(d$x, w * d$x)
  }
  covariance <- solve(information)
  kept <- d$columns[, colnames(d$x)]
  to_original <- qr.coef(qr(kept), d$x)  # x = kept %*% to_original
  for (b in seq_len(d$arms - 1)) {
    index <- (b - 1) * p + 1:p
    estimate <- setNames(rep(NA_real_, ncol(d$columns)), colnames(d$columns))
    estimate[colnames(d$x)] <- to_original %*% gamma[index]
    one <- wald_terms(names(estimate), unname(estimate), to_original %*% covariance[index, index] %*% t(to_original), NULL, level)
    if (d$arms > 2) one <- lapply(one, function(term) c(term, level = d$levels[b + 1]))
    terms <- c(terms, one)
  }
  terms
}

balance_of <- function(d, u) {
  own_weight <- if (is.null(u)) NULL else u[cbind(seq_along(d$arm), d$arm)]
  entries <- list()
  for (a in seq_len(d$arms)[-1]) for (name in setdiff(colnames(d$columns), "(Intercept)")) {
    v <- d$columns[, name]
    first <- d$arm == 1
    second <- d$arm == a
    spread <- sqrt((var(v[first]) + var(v[second])) / 2)
    entry <- list(variable = name)
    if (d$arms > 2) entry$contrast <- paste(d$levels[a], "-", d$levels[1])
    entry$smd_before <- (mean(v[second]) - mean(v[first])) / spread
    entry$smd_after <- if (is.null(u)) NA else
      (weighted.mean(v[second], own_weight[second]) - weighted.mean(v[first], own_weight[first])) / spread
    # Overlap weights balance to exactly 0: rounding is not compared.
    if (!is.na(entry$smd_after) && abs(entry$smd_after) < 1e-9) entry$smd_after <- NULL
    entries <- c(entries, list(entry))
  }
  entries
}

# The influence function with the models taken as known.
plain_error <- function(d, part, a) {
  psi <- stacked_psi(part$theta, d)[, psi_order(d)]
  k <- d$arms
  mu <- psi[, ncol(psi) - k + seq_len(k)]
  if (d$estimator == "tmle") mu <- mu + psi[, ncol(psi) - 2 * k + seq_len(k)]
  member <- d$kept * if (d$estimand == "ATT") d$arm == d$focal else 1
  sqrt(sum((mu[, a] - mu[, 1])^2)) / sum(member)
}

# Outcomes of the order of 1e-12 or 1e12 are counted in a power of two of that order: solve_stacked() stops by what is
# small beside 1.
outcome_unit <- function(d) {
  spread <- sd(d$y)
  if (spread > 1e-6 && spread < 1e6) 1 else 2^round(log2(spread))
}

effect_analysis <- function(name, data, outcome, treatment, covariates, estimator = "ipw", estimand = "ATE", trim = 0,
                            family = NULL, treated = NULL, conf_level = NULL) {
  d <- with_sizes(effect_problem(data, outcome, treatment, covariates, estimator, estimand, trim, family, treated))
  level <- if (is.null(conf_level)) 0.95 else conf_level
  unit <- outcome_unit(d)
  d$y <- d$y / unit
  theta <- starting_values(d)
  u <- NULL
  if (d$propensity) {
    e <- propensities(d$x, theta[seq_len(d$sizes["gamma"])], d$arms)
    d$kept <- 1 * (apply(e, 1, min) >= trim)
    u <- arm_weights(e, d$estimand, d$focal) * d$kept
  }
  theta[length(theta) - d$arms + seq_len(d$arms)] <- mean(d$y)
  theta <- solve_stacked(d, theta)
  part <- c(parts_of(theta, d$sizes), list(theta = theta))
  part$mu <- part$mu * unit
  covariance <- sandwich_of(theta, d) * unit^2
  contrasts <- lapply(seq_len(d$arms)[-1], function(a) {
    variance <- covariance[a, a] + covariance[1, 1] - 2 * covariance[a, 1]
    one <- wald_terms("", part$mu[a] - part$mu[1], matrix(variance), NULL, level)[[1]][-1]
    one <- c(list(contrast = paste(d$levels[a], "-", d$levels[1])), one)
    if (estimator %in% c("aipw", "tmle")) one$influence_std_error <- plain_error(d, part, a) * unit
    one
  })
  own_weight <- if (d$propensity) u[cbind(seq_along(d$arm), d$arm)]
  effective <- function(w) sum(w)^2 / sum(w^2)
  means <- lapply(seq_len(d$arms), function(a) {
    mean <- list(level = d$levels[a], n = sum(d$arm == a), estimate = part$mu[a], std_error = sqrt(covariance[a, a]))
    if (d$propensity) mean$ess <- effective(own_weight[d$arm == a])
    mean
  })
  expected <- list(method = "effect", n = length(d$y), n_missing = d$missing, converged = TRUE, estimator = estimator,
                   estimand = d$estimand, outcome_family = if (d$binary) "binomial" else "gaussian")
  if (d$arms == 2) expected <- c(expected, contrasts[[1]])
  expected <- c(expected, list(means = means, contrasts = contrasts, balance = balance_of(d, u)))
  if (d$propensity) {
    expected$propensity <- list(terms = propensity_terms(d, part$gamma, level))
    expected$ess <- effective(own_weight)
    expected$n_trimmed <- sum(d$kept == 0)
  }
  study <- list(name = name, method = "effect", outcome = outcome, treatment = treatment, covariates = vector_of(covariates),
                estimator = estimator)
  if (estimand != "ATE") study$estimand <- estimand
  if (trim > 0) study$trim <- trim
  study$outcome_family <- family
  for (key in c("treated", "conf_level")) study[[key]] <- get(key)
  list(study = study, expected = expected)
}
