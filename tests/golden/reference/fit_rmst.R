# SPDX-License-Identifier: Apache-2.0
# Restricted means by the formulas of survRM2::rmst2 (version 1.0-4, functions rmst1 and rmst2), on survfit().

restricted_mean <- function(time, status, tau) {
  fit <- survfit(Surv(time, status) ~ 1)
  here <- fit$time <= tau
  areas <- diff(c(0, sort(c(fit$time[here], tau)))) * c(1, fit$surv[here])
  alive <- fit$n.risk[here] - fit$n.event[here]
  increments <- ifelse(alive == 0, 0, fit$n.event[here] / (fit$n.risk[here] * alive))
  beyond <- rev(cumsum(rev(areas[-1])))  # from each exit on
  c(estimate = sum(areas), std_error = sqrt(sum(beyond^2 * increments)))
}

# As far as all curves are known: rmst2's four cases of the last observations.
known_horizon <- function(time, status, group) {
  groups <- unique(group)
  last <- vapply(groups, function(g) max(time[group == g]), 0)
  censored <- mapply(function(g, end) any(status[group == g & time == end] == 0), groups, last)
  if (any(censored)) min(last[censored]) else max(last)
}

rmst_analysis <- function(name, formula, data, tau = NULL, conf_level = NULL) {
  parts <- all.vars(as.formula(formula))
  data <- data[stats::complete.cases(data[parts]), ]
  group <- if (length(parts) == 2) rep("", nrow(data)) else paste0(parts[3], "=", data[[parts[3]]])
  levels <- if (length(parts) == 2) "" else intersect(paste0(parts[3], "=", sort(unique(data[[parts[3]]]))), group)
  horizon <- if (is.null(tau)) known_horizon(data[[parts[1]]], data[[parts[2]]], group) else tau
  z <- qnorm(1 - (1 - if (is.null(conf_level)) 0.95 else conf_level) / 2)
  means <- lapply(levels, function(g) restricted_mean(data[[parts[1]]][group == g], data[[parts[2]]][group == g], horizon))
  groups <- mapply(function(g, m) {
    c(if (g == "") list() else list(stratum = g),
      list(estimate = m[["estimate"]], std_error = m[["std_error"]], conf_low = m[["estimate"]] - z * m[["std_error"]],
           conf_high = m[["estimate"]] + z * m[["std_error"]]))
  }, levels, means, SIMPLIFY = FALSE, USE.NAMES = FALSE)
  one <- function(m, kind) {
    reference <- means[[1]]
    if (kind == "difference") {
      estimate <- m[["estimate"]] - reference[["estimate"]]
      error <- sqrt(m[["std_error"]]^2 + reference[["std_error"]]^2)
      list(estimate = estimate, std_error = error, conf_low = estimate - z * error, conf_high = estimate + z * error,
           p_value = 2 * pnorm(-abs(estimate) / error))
    } else {
      estimate <- log(m[["estimate"]]) - log(reference[["estimate"]])
      error <- sqrt((m[["std_error"]] / m[["estimate"]])^2 + (reference[["std_error"]] / reference[["estimate"]])^2)
      list(estimate = exp(estimate), log_std_error = error, conf_low = exp(estimate - z * error),
           conf_high = exp(estimate + z * error), p_value = 2 * pnorm(-abs(estimate) / error))
    }
  }
  contrasts <- function(kind) {
    all <- lapply(means[-1], one, kind = kind)
    if (length(all) == 1) all[[1]] else all
  }
  study <- list(name = name, method = "rmst", formula = formula)
  if (!is.null(tau)) study$tau <- tau
  if (!is.null(conf_level)) study$conf_level <- conf_level
  expected <- list(method = "rmst", n = nrow(data), tau = horizon, groups = groups)
  if (length(levels) > 1) expected <- c(expected, list(difference = contrasts("difference"), ratio = contrasts("ratio")))
  list(study = study, expected = expected)
}
