# SPDX-License-Identifier: Apache-2.0
# Competing risks of persons with several rows, Surv(start, stop, status) and `id`: survfit() with a multi-state status, and
# coxph() on the rows of finegray(), with covariates that change.

rows_notes <- c("curves: survfit(Surv(start, stop, status), influence) with a factor status; rows of a person that follow each other in one group are joined first, and a person's influence is one",
  "terms: coxph(weights = fgwt, cluster = id) on the rows of finegray(id); ties are Efron's unless `ties` says otherwise")

# One data set in all its combinations; `arm` groups the curves and may change in a person, `centre` is the strata and does not.
rows_analyses <- function(data, right, cause = 1, other = 2) {
  rows <- function(name, ...) competing_analysis(name, ..., data = data, time = "stop", late = "start", id = "person")
  list(
    rows("all", "1", cause = cause),
    rows("by_arm", "arm", group = "arm", cause = other, conf_type = "log-log", model = "cuminc"),
    rows("at_times", "arm", group = "arm", cause = cause, times = c(0, 2, 7.5, 400), conf_type = "plain", model = "cuminc"),
    rows("weights_by_arm", "arm", group = "arm", cause = cause, weights = "fraction", model = "cuminc"),
    rows("regression", right, cause = cause, model = "fine_gray"),
    rows("regression_breslow", right, cause = other, ties = "breslow", model = "fine_gray"),
    rows("regression_weights", right, cause = cause, weights = "fraction", model = "fine_gray"),
    rows("regression_strata", right, cause = cause, strata = "centre", model = "fine_gray", conf_level = 0.9))
}

# Every visit of the sequential data of primary biliary cholangitis begins a row; edema groups the curves as it comes and goes.
liver_rows <- pbcseq[order(pbcseq$id, pbcseq$day), c("id", "futime", "status", "sex", "age", "day", "edema", "bili", "albumin")]
liver_rows$person <- liver_rows$id
liver_rows$start <- liver_rows$day
liver_rows$stop <- c(liver_rows$day[-1], 0)
liver_rows$last <- !duplicated(liver_rows$id, fromLast = TRUE)
liver_rows$stop[liver_rows$last] <- liver_rows$futime[liver_rows$last]
liver_rows$status <- ifelse(liver_rows$last, liver_rows$status, 0)
liver_rows$log_bili <- log(liver_rows$bili)
liver_rows$arm <- factor(ifelse(liver_rows$edema > 0, "edema", "none"))
liver_rows$centre <- liver_rows$sex
set.seed(20261203)
late_by <- floor(runif(max(liver_rows$id), 0, 900)) * rbinom(max(liver_rows$id), 1, 0.5)
weight_of <- round(runif(max(liver_rows$id), 0.2, 3), 2)
liver_rows$start <- pmax(liver_rows$start, late_by[liver_rows$id])
liver_rows <- liver_rows[liver_rows$start < liver_rows$stop, ]
liver_rows$fraction <- weight_of[liver_rows$id]
liver_rows <- liver_rows[c("person", "start", "stop", "status", "age", "log_bili", "albumin", "arm", "centre", "fraction")]
liver_rows <- with_sites(liver_rows, by_turn(max(liver_rows$person), 3)[liver_rows$person])
golden_case("competing_rows_liver", liver_rows, from = "survival::pbcseq, late entries and weights simulated, seed 20261203",
  notes = rows_notes, analyses = rows_analyses(liver_rows, "age + log_bili + albumin", cause = 2, other = 1))

# Persons of some rows each: `n` persons enter at whole units of time, and their arm and x change at some.
simulated_rows <- function(n, unit, most) {
  person <- do.call(rbind, lapply(seq_len(n), function(i) {
    entry <- sample(0:4, 1, prob = c(6, 1, 1, 1, 1))
    end <- entry + min(most, 1 + rgeom(1, 0.12))
    cuts <- sort(unique(c(entry, end, sample(entry:end, min(3, end - entry), TRUE))))
    k <- length(cuts) - 1
    data.frame(person = i, start = cuts[-(k + 1)] * unit, stop = cuts[-1] * unit,
               status = c(rep(0, k - 1), sample(0:2, 1, prob = c(0.3, 0.4, 0.3))),
               arm = sample(c("drug", "none"), k, TRUE), x = round(rnorm(k), 2), centre = sample(c("east", "west"), 1),
               fraction = round(runif(1, 0.2, 3), 2))
  }))
  transform(person, arm = factor(arm), centre = factor(centre))
}

# Months: rows end, persons enter and leave and have events of both kinds at the same times, at all sites.
set.seed(20261204)
tied_rows <- simulated_rows(170, 1, 14)
tied_rows <- with_sites(tied_rows, in_blocks(170, 3)[tied_rows$person])
golden_case("competing_rows_ties", tied_rows, empty = "s4", from = "simulated, seed 20261204", notes = rows_notes,
  analyses = rows_analyses(tied_rows, "x + arm"))

# A site of one person, of two rows; a stratum without events; tenths, so that sums of tenths meet times that are equal but for
# rounding; rows of a person in no order; factors that only one site has.
set.seed(20261205)
odd_rows <- simulated_rows(90, 0.1, 25)
odd_rows$centre <- factor(ifelse(odd_rows$person %% 9 == 0, "quiet", "usual"))
odd_rows$status[odd_rows$centre == "quiet"] <- 0
odd_rows$arm <- factor(odd_rows$arm, levels = c("drug", "none", "never"))
first <- odd_rows$person[duplicated(odd_rows$person)][1]
odd_rows <- odd_rows[sample(nrow(odd_rows)), ]
odd_rows$group <- factor(ifelse(odd_rows$person %in% 1:25 & odd_rows$x > 0, "new", as.character(odd_rows$arm)))
odd_rows <- with_sites(odd_rows, ifelse(odd_rows$person == first, "s1", ifelse(odd_rows$person < 26, "s2", ifelse(odd_rows$person < 60, "s3", "s4"))))
golden_case("competing_rows_awkward", odd_rows, empty = "s5", from = "simulated, seed 20261205", notes = c(rows_notes, "nobody has the level never of arm; centre quiet has no event"),
  analyses = rows_analyses(odd_rows, "x + group"))
