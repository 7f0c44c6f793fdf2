# SPDX-License-Identifier: Apache-2.0
# Sandwich covariances: sandwich::vcovHC(type = "HC0" | "HC1") and, for clusters,
# sandwich::vcovCL(type = "HC0", cadjust = TRUE), that is G/(G-1) times the sum over the G clusters.

robust_notes <- c("HC0, HC1: sandwich::vcovHC", "cluster: sandwich::vcovCL(type = \"HC0\", cadjust = TRUE), factor G/(G-1)",
                  "p_value is normal with robust errors for every family, as lmtest::coeftest() for a glm")

# The sums of the scores, written out: guards against a change of defaults in sandwich.
check_cluster <- function(fit, cluster, covariance) {
  groups <- length(unique(cluster))
  meat <- crossprod(rowsum(model.matrix(fit) * fit$weights * fit$residuals, as.character(cluster)))
  bread <- summary(fit)$cov.unscaled
  stopifnot(all.equal(groups / (groups - 1) * bread %*% meat %*% bread, covariance, tolerance = 1e-8, check.attributes = FALSE))
}

growth <- as.data.frame(ChickWeight)
growth <- data.frame(weight = growth$weight, day = growth$Time, chick = as.integer(as.character(growth$Chick)),
                     diet = factor(paste0("d", growth$Diet)))
growth <- with_sites(growth, site_names(3)[growth$chick %% 3 + 1])
fit <- polished_glm(weight ~ day + diet, growth, gaussian())
check_cluster(fit, growth$chick, vcovCL(fit, cluster = growth$chick, type = "HC0", cadjust = TRUE))
golden_case("glm_robust_chicks", growth, from = "datasets::ChickWeight", notes = robust_notes, analyses = list(
  glm_analysis("none", "weight ~ day + diet", growth),
  glm_analysis("hc0", "weight ~ day + diet", growth, robust = "HC0"),
  glm_analysis("hc1", "weight ~ day + diet", growth, robust = "HC1"),
  glm_analysis("clustered", "weight ~ day + diet", growth, robust = "cluster", cluster = "chick"),
  glm_analysis("gamma_clustered", "weight ~ day + diet", growth, "Gamma", link = "log", robust = "cluster", cluster = "chick")))

golden_case("glm_robust_infert", abortion, from = "datasets::infert", notes = c(robust_notes,
  "the clusters (stratum) span sites"), analyses = list(
  glm_analysis("hc0", "case ~ age + parity + spontaneous", abortion, "binomial", robust = "HC0"),
  glm_analysis("hc1", "case ~ age + parity + spontaneous", abortion, "binomial", robust = "HC1"),
  glm_analysis("modified_poisson", "case ~ age + parity + spontaneous", abortion, "poisson", robust = "HC0"),
  glm_analysis("quasi_hc1", "case ~ age + parity + spontaneous", abortion, "quasibinomial", robust = "HC1")))

bladder_times <- within(bladder[c("id", "rx", "number", "size", "stop", "event", "enum")], stop <- pmax(stop, 0.5))
bladder_times <- with_sites(bladder_times, site_names(4)[bladder_times$id %% 4 + 1])
golden_case("glm_robust_bladder", bladder_times, from = "survival::bladder, stop times of 0 set to 0.5",
  notes = robust_notes, analyses = list(
  glm_analysis("poisson_clustered", "event ~ rx + number + size + offset(log(stop))", bladder_times, "poisson",
               robust = "cluster", cluster = "id"),
  glm_analysis("logit_clustered", "event ~ rx + number + factor(enum)", bladder_times, "binomial", robust = "cluster", cluster = "id"),
  glm_analysis("weighted_hc0", "stop ~ rx + size", bladder_times, weights = "number", robust = "HC0")))
