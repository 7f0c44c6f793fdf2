// SPDX-License-Identifier: Apache-2.0
// CDS Hooks 2.0 (https://cds-hooks.hl7.org/2.0/) at a site:
//
//   GET  /cds-services                  the services, one for each hook, with the FHIR data they want
//   POST /cds-services/{id}             cards for one patient
//   POST /cds-services/{id}/feedback    what became of a card
//   GET  /healthz, /readyz
//
//   CdsHooks application(*desk);
//   CLINNOVA_ASSIGN(auto server, HttpServer::Start(SiteServerOptions(8080), application));
//
// What a client gets wrong is told with the field, what was found and what was expected: 400 for a body that is no
// CDS Hooks request or holds no FHIR, 404 for an unknown service, 412 when the patient was not sent (this service
// never fetches anything by itself), 413, 415. Other data that were not sent are told in the card.
//
// Not yet: checking the client's JWT. Until then the server answers on loopback only (http_api.h); a hospital puts
// its own authenticating proxy before it.
#pragma once

#include <string>
#include <string_view>

#include "decision/bedside_desk.h"
#include "web/http_api.h"

namespace clinnova::web {

class CdsHooks final : public Application {
 public:
  /// `desk` is not owned and outlives this.
  explicit CdsHooks(decision::BedsideDesk& desk) : desk_(desk) {}

  Reply Get(std::string_view path) const override;
  bool TakesPost(std::string_view path) const override;
  Reply Post(std::string_view path, std::string_view body) const override;

 private:
  Reply Call(std::string_view service, std::string_view body) const;
  Reply Feedback(std::string_view body) const;

  decision::BedsideDesk& desk_;  // not owned
};

/// Of a site: a patient's history in one body, and room for all who ask at a time to be answered together.
HttpServerOptions SiteServerOptions(int port);

}  // namespace clinnova::web
