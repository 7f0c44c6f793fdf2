# SPDX-License-Identifier: Apache-2.0
# Competing risks: curves of survfit() for a multi-state status, cmprsk's tests of Gray and crr().
suppressPackageStartupMessages(library(cmprsk))
cmprsk_version <- paste("cmprsk", packageVersion("cmprsk"))

# Rows of a person that follow each other in one group, as one, with a number of its own. survfit() of survival 3.5 joins by itself,
# but gives rows between a person's first and last to the next one's group, and counts the end of every row among those censored.
joined_rows <- function(data, group, late, time) {
  data <- data[order(data$.id, data[[late]]), ]
  same <- if (is.null(group)) rep("", nrow(data)) else as.character(data[[group]])
  n <- nrow(data)
  goes_on <- c(data$.id[-1] == data$.id[-n] & same[-1] == same[-n], FALSE)
  joined <- data[!goes_on, ]
  joined[[late]] <- data[[late]][c(TRUE, !goes_on[-n])]
  joined$.person <- joined$.id
  joined$.id <- seq_len(nrow(joined))
  joined
}

# survfit() of joined rows, with errors in which a person is one cluster in each curve.
with_persons_errors <- function(fit, data, group, weights, conf_type, level) {
  curves <- if (is.null(group)) list(data) else split(data, factor(data[[group]]))
  influence <- if (is.list(fit$influence.pstate)) fit$influence.pstate else list(fit$influence.pstate)
  fit$std.err <- do.call(rbind, Map(function(rows, by) {
    weight <- if (is.null(weights)) 1 else rows[[weights]]
    apply(by[, -1, , drop = FALSE], c(2, 3), function(x) sqrt(sum(rowsum(x * weight, rows$.person)^2)))
  }, curves, influence))
  limits <- survival:::survfit_confint(fit$pstate, fit$std.err, logse = FALSE, conf_type, level)
  fit[c("lower", "upper")] <- limits[c("lower", "upper")]
  fit
}

# `late`: the column of start times; `weights`: that of case weights; `id`: that of persons with several rows.
incidence_curves <- function(data, time, status, group, cause, causes, labels, conf_type, level, times, late = NULL, weights = NULL, id = NULL) {
  data$.status <- factor(data[[status]], levels = c(0, causes))
  data$.id <- if (is.null(id)) seq_len(nrow(data)) else data[[id]]
  if (!is.null(id)) data <- joined_rows(data, group, late, time)
  right <- if (is.null(group)) "1" else group
  left <- paste0("Surv(", paste(c(late, time, ".status"), collapse = ", "), ") ~ ")
  call <- list(as.formula(paste0(left, right)), data = data, conf.type = conf_type, conf.int = level)
  if (!is.null(late)) call$id <- as.name(".id")
  if (!is.null(weights)) call$weights <- as.name(weights)
  if (!is.null(id)) call$influence <- TRUE
  fit <- do.call(survfit, call)
  if (!is.null(id)) fit <- with_persons_errors(fit, data, group, weights, conf_type, level)
  points <- if (is.null(times)) summary(fit, censored = TRUE) else summary(fit, times = times, extend = TRUE)
  strata <- if (is.null(points$strata)) rep("", length(points$time)) else as.character(points$strata)
  unlist(lapply(c(cause, setdiff(causes, cause)), function(one) {
    state <- match(as.character(one), points$states)
    lapply(unique(strata), function(stratum) {
      here <- strata == stratum
      estimate <- points$pstate[here, state]
      limits <- function(x) vector_of(x[here, state])
      c(if (stratum == "") list() else list(stratum = stratum), list(cause = labels[[as.character(one)]]),
        lapply(list(time = points$time[here], n_risk = points$n.risk[here, 1], n_event = points$n.event[here, state],
                    estimate = estimate, std_error = points$std.err[here, state]), vector_of),
        list(conf_low = limits(points$lower), conf_high = limits(points$upper)))
    })
  }), recursive = FALSE)
}

gray_tests <- function(data, time, status, group, cause, causes, labels, strata = NULL) {
  call <- list(data[[time]], data[[status]], data[[group]])
  if (!is.null(strata)) call$strata <- as.character(interaction(data[strata]))
  tests <- do.call(cuminc, call)$Tests
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

# coxph() on the rows and weights of finegray(), a person being one cluster; started again twice at its solution. Case weights are
# multiplied here: finegray() of survival 3.5 gives those of the first stratum's rows to every stratum.
finegray_coxph <- function(right, data, time, status, cause, causes, ties, late, weights, strata, id = NULL) {
  data$.status <- factor(data[[status]], levels = c(0, causes))
  data$.id <- if (is.null(id)) seq_len(nrow(data)) else data[[id]]
  by <- if (length(strata) > 0) paste0(" + strata(", paste(strata, collapse = ", "), ")") else ""
  left <- paste0("Surv(", paste(c(late, time, ".status"), collapse = ", "), ")")
  call <- list(as.formula(paste0(left, " ~ .", by)), data = data, etype = as.character(cause), id = as.name(".id"))
  rows <- do.call(finegray, call)
  if (!is.null(weights)) rows$fgwt <- rows$fgwt * data[[weights]][match(rows$.id, data$.id)]
  again <- list(as.formula(paste0("Surv(fgstart, fgstop, fgstatus) ~ ", right, by)), data = rows, weights = as.name("fgwt"),
                cluster = as.name(".id"), ties = ties, x = TRUE,
                control = coxph.control(eps = 2e-12, iter.max = 200, toler.inf = 1e-6))
  first <- suppressWarnings(do.call(coxph, again))
  fit <- first
  for (step in 1:2) {
    again$init <- coef(fit)
    fit <- suppressWarnings(do.call(coxph, again))
  }
  fit$loglik[1] <- first$loglik[1]
  fit
}

# `status` holds numbers in `data`; `told` is the column that the study names, a factor's levels being `labels`.
competing_analysis <- function(name, right, data, time = "time", status = "status", told = status, labels = NULL, cause = 1,
                               group = NULL, groups = NULL, conf_type = "log", conf_level = 0.95, times = NULL, model = NULL,
                               late = NULL, weights = NULL, strata = NULL, ties = NULL, id = NULL) {
  columns <- c(id, late, time, status, setdiff(all.vars(as.formula(paste("~", right))), "site"), group, weights, setdiff(strata, "site"))
  data <- data[complete.cases(data[columns]), ]
  causes <- setdiff(sort(unique(data[[status]])), 0)
  if (is.null(labels)) labels <- setNames(as.list(causes), causes)
  study <- list(name = name, method = "competing_risks", formula = paste0("Surv(", paste(c(late, time, told), collapse = ", "), ") ~ ", right))
  if (cause != 1) study$cause <- labels[[as.character(cause)]]
  if (!is.null(groups)) study$groups <- vector_of(groups)
  if (conf_type != "log") study$conf_type <- conf_type
  if (conf_level != 0.95) study$conf_level <- conf_level
  if (!is.null(times)) study$times <- vector_of(times)
  for (key in c("model", "weights", "ties", "id")) study[[key]] <- get(key)
  if (!is.null(strata)) study$strata <- vector_of(strata)
  expected <- list(method = "competing_risks", n = nrow(data))
  if (!identical(model, "fine_gray")) {
    expected$curves <- incidence_curves(data, time, status, group, cause, causes, labels, conf_type, conf_level, times, late, weights, id)
    if (!is.null(group) && is.null(late) && is.null(weights))
      expected$tests <- gray_tests(data, time, status, group, cause, causes, labels, strata)
  }
  if (right != "1" && !identical(model, "cuminc")) {
    x <- model.matrix(as.formula(paste("~", right)), data)[, -1, drop = FALSE]
    plain <- is.null(late) && is.null(weights) && is.null(strata) && !identical(ties, "efron")
    if (plain) {
      fit <- polished_crr(data[[time]], data[[status]], x, cause)
      estimate <- setNames(fit$coef, colnames(x))
    } else {
      fit <- finegray_coxph(right, data, time, status, cause, causes, if (is.null(ties)) "efron" else ties, late, weights, strata, id)
      estimate <- coef(fit)
      fit$loglik.null <- fit$loglik[1]
      fit$loglik <- fit$loglik[2]
    }
    terms <- wald_terms(names(estimate), unname(estimate), fit$var, NULL, conf_level)
    terms <- lapply(terms, function(term) append(term, list(hazard_ratio = exp(term$estimate)), 2))
    expected <- c(expected, list(converged = TRUE, terms = terms, vcov = full_matrix(names(estimate), estimate, fit$var),
                                 log_lik_null = fit$loglik.null, log_lik = fit$loglik))
  }
  list(study = study, expected = expected)
}
