// SPDX-License-Identifier: Apache-2.0
#include "network/hub_client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

#include "federation/secret_file.h"
#include "network/hub_folder.h"
#include "wire/clinnova.grpc.pb.h"

namespace clinnova::network {
namespace {

constexpr std::chrono::seconds kPatience{30};

using Method = grpc::Status (v1::Hub::Stub::*)(grpc::ClientContext*, const v1::Call&, v1::Answer*);

Result<core::Bytes> Ask(const HubEndpoint& hub, Method method, const std::string& body) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = hub.authority;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kLargestMessage);
  arguments.SetMaxSendMessageSize(kLargestMessage);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  const auto channel = grpc::CreateCustomChannel(hub.address, grpc::SslCredentials(tls), arguments);
  const auto stub = v1::Hub::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  if (!hub.token.empty()) context.AddMetadata("authorization", "Bearer " + hub.token);
  v1::Call call;
  call.set_body(body);
  v1::Answer answer;
  const grpc::Status status = (stub.get()->*method)(&context, call, &answer);
  if (!status.ok()) {
    return Fail(ErrorCode::kUnreachable,
                "the hub at " + hub.address + " cannot be reached: " + status.error_message());
  }
  if (answer.failure() != 0) {
    return Fail(static_cast<ErrorCode>(answer.failure() - 1), answer.message(), answer.reason());
  }
  return core::Bytes(answer.body().begin(), answer.body().end());
}

template <typename T>
Result<T> AskFor(const HubEndpoint& hub, Method method, const std::string& body) {
  CLINNOVA_ASSIGN(const core::Bytes bytes, Ask(hub, method, body));
  return core::Decode<T>(bytes);
}

}  // namespace

Result<HubEndpoint> LocalHub(const std::filesystem::path& hub_folder) {
  CLINNOVA_ASSIGN(const HubConfig config, ReadHubConfig(hub_folder));
  HubEndpoint hub{.address = config.address};
  CLINNOVA_ASSIGN(hub.authority, ReadTextFile(hub_folder / "authority.pem"));
  CLINNOVA_ASSIGN(const auto token, federation::ReadSecretFile(hub_folder / "researcher.token"));
  const core::ByteView bytes = token.bytes();
  hub.token.assign(bytes.begin(), bytes.end());
  return hub;
}

Result<EnrolReply> Enrol(const HubEndpoint& hub, const EnrolRequest& request) {
  const core::Bytes bytes = core::Encode(request);
  return AskFor<EnrolReply>(hub, &v1::Hub::Stub::Enrol, {bytes.begin(), bytes.end()});
}

Result<StudyStatus> SubmitStudy(const HubEndpoint& hub, const std::string& canonical_json) {
  return AskFor<StudyStatus>(hub, &v1::Hub::Stub::Submit, canonical_json);
}

Result<std::vector<StudyStatus>> ListStudies(const HubEndpoint& hub) {
  return AskFor<std::vector<StudyStatus>>(hub, &v1::Hub::Stub::List, "");
}

Result<StudyStatus> GetStudyStatus(const HubEndpoint& hub, const std::string& study) {
  return AskFor<StudyStatus>(hub, &v1::Hub::Stub::Status, study);
}

Result<std::string> StudyResults(const HubEndpoint& hub, const std::string& study) {
  return AskFor<std::string>(hub, &v1::Hub::Stub::Results, study);
}

Result<StudyStatus> CancelStudy(const HubEndpoint& hub, const std::string& study) {
  return AskFor<StudyStatus>(hub, &v1::Hub::Stub::Cancel, study);
}

}  // namespace clinnova::network
