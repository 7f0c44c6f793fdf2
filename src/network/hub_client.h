// SPDX-License-Identifier: Apache-2.0
// Calls to a hub: a site's enrolment and what researchers ask. Each is one call over TLS; the hub is known by
// its consortium's authority. Errors: those of the hub; kUnreachable when it does not answer or is another
// hub. Thread rule: any thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/error.h"
#include "network/messages.h"

namespace clinnova::network {

struct HubEndpoint {
  std::string address{};    ///< "host:port"
  std::string authority{};  ///< the consortium's certificate, PEM
  std::string token{};      ///< a researcher's; not needed to enrol
};

/// The hub whose state folder is on this machine, with the token that lies there. kInvalidInput.
Result<HubEndpoint> LocalHub(const std::filesystem::path& hub_folder);

Result<EnrolReply> Enrol(const HubEndpoint& hub, const EnrolRequest& request);

Result<StudyStatus> SubmitStudy(const HubEndpoint& hub, const std::string& canonical_json);
Result<std::vector<StudyStatus>> ListStudies(const HubEndpoint& hub);
/// `study`: a hash or an unambiguous beginning of it, here and below.
Result<StudyStatus> GetStudyStatus(const HubEndpoint& hub, const std::string& study);
Result<std::string> StudyResults(const HubEndpoint& hub, const std::string& study);
Result<StudyStatus> CancelStudy(const HubEndpoint& hub, const std::string& study);

}  // namespace clinnova::network
