// Made by tools/kafka/generate.py from tools/kafka/messages/; change that and run it again.

// clang-format off
// For tests and tools: a gateway includes only the messages it handles.
#pragma once

#include "wire/kafka/type_list.h"
#include "wire/kafka/generated/add_offsets_to_txn_request.h"
#include "wire/kafka/generated/add_offsets_to_txn_response.h"
#include "wire/kafka/generated/add_partitions_to_txn_request.h"
#include "wire/kafka/generated/add_partitions_to_txn_response.h"
#include "wire/kafka/generated/alter_client_quotas_request.h"
#include "wire/kafka/generated/alter_client_quotas_response.h"
#include "wire/kafka/generated/alter_configs_request.h"
#include "wire/kafka/generated/alter_configs_response.h"
#include "wire/kafka/generated/alter_user_scram_credentials_request.h"
#include "wire/kafka/generated/alter_user_scram_credentials_response.h"
#include "wire/kafka/generated/api_versions_request.h"
#include "wire/kafka/generated/api_versions_response.h"
#include "wire/kafka/generated/consumer_protocol_assignment.h"
#include "wire/kafka/generated/consumer_protocol_subscription.h"
#include "wire/kafka/generated/create_acls_request.h"
#include "wire/kafka/generated/create_acls_response.h"
#include "wire/kafka/generated/create_partitions_request.h"
#include "wire/kafka/generated/create_partitions_response.h"
#include "wire/kafka/generated/create_topics_request.h"
#include "wire/kafka/generated/create_topics_response.h"
#include "wire/kafka/generated/delete_acls_request.h"
#include "wire/kafka/generated/delete_acls_response.h"
#include "wire/kafka/generated/delete_groups_request.h"
#include "wire/kafka/generated/delete_groups_response.h"
#include "wire/kafka/generated/delete_records_request.h"
#include "wire/kafka/generated/delete_records_response.h"
#include "wire/kafka/generated/delete_topics_request.h"
#include "wire/kafka/generated/delete_topics_response.h"
#include "wire/kafka/generated/describe_acls_request.h"
#include "wire/kafka/generated/describe_acls_response.h"
#include "wire/kafka/generated/describe_client_quotas_request.h"
#include "wire/kafka/generated/describe_client_quotas_response.h"
#include "wire/kafka/generated/describe_cluster_request.h"
#include "wire/kafka/generated/describe_cluster_response.h"
#include "wire/kafka/generated/describe_configs_request.h"
#include "wire/kafka/generated/describe_configs_response.h"
#include "wire/kafka/generated/describe_groups_request.h"
#include "wire/kafka/generated/describe_groups_response.h"
#include "wire/kafka/generated/describe_log_dirs_request.h"
#include "wire/kafka/generated/describe_log_dirs_response.h"
#include "wire/kafka/generated/describe_producers_request.h"
#include "wire/kafka/generated/describe_producers_response.h"
#include "wire/kafka/generated/describe_quorum_request.h"
#include "wire/kafka/generated/describe_quorum_response.h"
#include "wire/kafka/generated/describe_topic_partitions_request.h"
#include "wire/kafka/generated/describe_topic_partitions_response.h"
#include "wire/kafka/generated/describe_transactions_request.h"
#include "wire/kafka/generated/describe_transactions_response.h"
#include "wire/kafka/generated/describe_user_scram_credentials_request.h"
#include "wire/kafka/generated/describe_user_scram_credentials_response.h"
#include "wire/kafka/generated/elect_leaders_request.h"
#include "wire/kafka/generated/elect_leaders_response.h"
#include "wire/kafka/generated/end_txn_request.h"
#include "wire/kafka/generated/end_txn_response.h"
#include "wire/kafka/generated/fetch_request.h"
#include "wire/kafka/generated/fetch_response.h"
#include "wire/kafka/generated/find_coordinator_request.h"
#include "wire/kafka/generated/find_coordinator_response.h"
#include "wire/kafka/generated/heartbeat_request.h"
#include "wire/kafka/generated/heartbeat_response.h"
#include "wire/kafka/generated/incremental_alter_configs_request.h"
#include "wire/kafka/generated/incremental_alter_configs_response.h"
#include "wire/kafka/generated/init_producer_id_request.h"
#include "wire/kafka/generated/init_producer_id_response.h"
#include "wire/kafka/generated/join_group_request.h"
#include "wire/kafka/generated/join_group_response.h"
#include "wire/kafka/generated/leave_group_request.h"
#include "wire/kafka/generated/leave_group_response.h"
#include "wire/kafka/generated/list_config_resources_request.h"
#include "wire/kafka/generated/list_config_resources_response.h"
#include "wire/kafka/generated/list_groups_request.h"
#include "wire/kafka/generated/list_groups_response.h"
#include "wire/kafka/generated/list_offsets_request.h"
#include "wire/kafka/generated/list_offsets_response.h"
#include "wire/kafka/generated/list_transactions_request.h"
#include "wire/kafka/generated/list_transactions_response.h"
#include "wire/kafka/generated/metadata_request.h"
#include "wire/kafka/generated/metadata_response.h"
#include "wire/kafka/generated/offset_commit_request.h"
#include "wire/kafka/generated/offset_commit_response.h"
#include "wire/kafka/generated/offset_delete_request.h"
#include "wire/kafka/generated/offset_delete_response.h"
#include "wire/kafka/generated/offset_fetch_request.h"
#include "wire/kafka/generated/offset_fetch_response.h"
#include "wire/kafka/generated/offset_for_leader_epoch_request.h"
#include "wire/kafka/generated/offset_for_leader_epoch_response.h"
#include "wire/kafka/generated/produce_request.h"
#include "wire/kafka/generated/produce_response.h"
#include "wire/kafka/generated/sasl_authenticate_request.h"
#include "wire/kafka/generated/sasl_authenticate_response.h"
#include "wire/kafka/generated/sasl_handshake_request.h"
#include "wire/kafka/generated/sasl_handshake_response.h"
#include "wire/kafka/generated/sync_group_request.h"
#include "wire/kafka/generated/sync_group_response.h"
#include "wire/kafka/generated/txn_offset_commit_request.h"
#include "wire/kafka/generated/txn_offset_commit_response.h"
#include "wire/kafka/generated/write_txn_markers_request.h"
#include "wire/kafka/generated/write_txn_markers_response.h"

namespace millrace::wire::kafka {

using AllRequests = TypeList<
    ProduceRequest,
    FetchRequest,
    ListOffsetsRequest,
    MetadataRequest,
    OffsetCommitRequest,
    OffsetFetchRequest,
    FindCoordinatorRequest,
    JoinGroupRequest,
    HeartbeatRequest,
    LeaveGroupRequest,
    SyncGroupRequest,
    DescribeGroupsRequest,
    ListGroupsRequest,
    SaslHandshakeRequest,
    ApiVersionsRequest,
    CreateTopicsRequest,
    DeleteTopicsRequest,
    DeleteRecordsRequest,
    InitProducerIdRequest,
    OffsetForLeaderEpochRequest,
    AddPartitionsToTxnRequest,
    AddOffsetsToTxnRequest,
    EndTxnRequest,
    WriteTxnMarkersRequest,
    TxnOffsetCommitRequest,
    DescribeAclsRequest,
    CreateAclsRequest,
    DeleteAclsRequest,
    DescribeConfigsRequest,
    AlterConfigsRequest,
    DescribeLogDirsRequest,
    SaslAuthenticateRequest,
    CreatePartitionsRequest,
    DeleteGroupsRequest,
    ElectLeadersRequest,
    IncrementalAlterConfigsRequest,
    OffsetDeleteRequest,
    DescribeClientQuotasRequest,
    AlterClientQuotasRequest,
    DescribeUserScramCredentialsRequest,
    AlterUserScramCredentialsRequest,
    DescribeQuorumRequest,
    DescribeClusterRequest,
    DescribeProducersRequest,
    DescribeTransactionsRequest,
    ListTransactionsRequest,
    ListConfigResourcesRequest,
    DescribeTopicPartitionsRequest>;

using AllResponses = TypeList<
    ProduceResponse,
    FetchResponse,
    ListOffsetsResponse,
    MetadataResponse,
    OffsetCommitResponse,
    OffsetFetchResponse,
    FindCoordinatorResponse,
    JoinGroupResponse,
    HeartbeatResponse,
    LeaveGroupResponse,
    SyncGroupResponse,
    DescribeGroupsResponse,
    ListGroupsResponse,
    SaslHandshakeResponse,
    ApiVersionsResponse,
    CreateTopicsResponse,
    DeleteTopicsResponse,
    DeleteRecordsResponse,
    InitProducerIdResponse,
    OffsetForLeaderEpochResponse,
    AddPartitionsToTxnResponse,
    AddOffsetsToTxnResponse,
    EndTxnResponse,
    WriteTxnMarkersResponse,
    TxnOffsetCommitResponse,
    DescribeAclsResponse,
    CreateAclsResponse,
    DeleteAclsResponse,
    DescribeConfigsResponse,
    AlterConfigsResponse,
    DescribeLogDirsResponse,
    SaslAuthenticateResponse,
    CreatePartitionsResponse,
    DeleteGroupsResponse,
    ElectLeadersResponse,
    IncrementalAlterConfigsResponse,
    OffsetDeleteResponse,
    DescribeClientQuotasResponse,
    AlterClientQuotasResponse,
    DescribeUserScramCredentialsResponse,
    AlterUserScramCredentialsResponse,
    DescribeQuorumResponse,
    DescribeClusterResponse,
    DescribeProducersResponse,
    DescribeTransactionsResponse,
    ListTransactionsResponse,
    ListConfigResourcesResponse,
    DescribeTopicPartitionsResponse>;

using AllData = TypeList<
    ConsumerProtocolAssignment,
    ConsumerProtocolSubscription>;

}  // namespace millrace::wire::kafka
