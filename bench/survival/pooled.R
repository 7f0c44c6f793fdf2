# SPDX-License-Identifier: Apache-2.0
# The same on the pooled rows: Rscript pooled.R ROWS COVARIATES DATA_FILE. Cox by coxph with all that our result
# holds: concordance and the test of proportional hazards.
source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))), "..", "timed.R"))
suppressPackageStartupMessages(library(survival))
data <- read_rows(3)
site <- data[[3]]
x <- data[[4]]
control <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 30)
y <- Surv(data[[1]], data[[2]])
fit <- timed("cox", quote(coxph(y ~ x + strata(site), ties = "efron", control = control)),
             more = function(fit) cox.zph(fit, transform = "km"))
numbers("cox", c(coef(fit), sqrt(diag(vcov(fit))), fit$loglik[2], fit$concordance[["concordance"]]))
group <- x[, 1]
curves <- timed("kaplan_meier", quote(survfit(y ~ group)))
numbers("kaplan_meier", curves$surv[cumsum(curves$strata)])
test <- timed("logrank", quote(survdiff(y ~ group)))
numbers("logrank", test$chisq)
