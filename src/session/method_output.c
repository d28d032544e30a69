#include <inttypes.h>

#include "base/params.h"
#include "session/derived.h"
#include "session/dispatch.h"
#include "session/formulas.h"
#include "session/server_priv.h"

sw_status sw_method_input_set(struct sw_call *call, struct sw_err *err)
{
    const struct sw_json *values = NULL;
    struct sw_session *session = call->session;
    struct sw_socket *socket = call->socket;
    int64_t epoch = session->epoch + 1;
    const struct sw_param list[] = {
        {"values", SW_PARAM_OBJECT, true, &values, 0, 0},
        {"epoch", SW_PARAM_INT, false, &epoch, 0, 0},
    };
    SW_TRY(sw_params_read(call->request->params, "input.set", list, 2, NULL, err));
    SW_TRY(sw_graph_set_inputs(session->graph, values, err));
    session->moment++;
    sw_formulas_inputs_changed(session);
    sw_derived_inputs_changed(session, values);
    session->epoch = epoch;
    if (socket != NULL) {
        socket->epoch = epoch;
        socket->has_epoch = true;
    }
    sw_buf_put_text(&call->result, "{\"epoch\":");
    sw_json_put_int(&call->result, epoch);
    sw_buf_put_byte(&call->result, '}');
    return SW_OK;
}

sw_status sw_method_input_list(struct sw_call *call, struct sw_err *err)
{
    SW_TRY(sw_params_read(call->request->params, "input.list", NULL, 0, NULL, err));
    sw_graph_put_inputs(call->session->graph, &call->result);
    return SW_OK;
}

sw_status sw_method_select_define(struct sw_call *call, struct sw_err *err)
{
    struct sw_session *session = call->session;
    struct sw_span name = {0};
    SW_TRY(sw_graph_define_select(session->graph, call->request->params, err));
    (void)sw_json_get_text(sw_json_member(call->request->params, "select"), &name);
    session->moment++;
    sw_derived_select_changed(session, name);
    return SW_OK;
}

sw_status sw_method_select_hint(struct sw_call *call, struct sw_err *err)
{
    struct sw_span input = {0};
    const struct sw_param list[] = {{"input", SW_PARAM_NAME, true, &input, 0, 0}};
    SW_TRY(sw_params_read(call->request->params, "select.hint", list, 1, NULL, err));
    sw_buf_put_text(&call->result, "{\"outputs\":");
    sw_json_put_int(&call->result, sw_graph_hint(call->session->graph, input));
    sw_buf_put_byte(&call->result, '}');
    return SW_OK;
}

sw_status sw_method_output_define(struct sw_call *call, struct sw_err *err)
{
    return sw_graph_define_output(call->session->graph, call->request->params, err);
}

static sw_status read_output(struct sw_call *call, const char *what, struct sw_span *name,
                             struct sw_err *err)
{
    const struct sw_param list[] = {{"output", SW_PARAM_NAME, true, name, 0, 0}};
    return sw_params_read(call->request->params, what, list, 1, NULL, err);
}

sw_status sw_method_output_drop(struct sw_call *call, struct sw_err *err)
{
    struct sw_span name = {0};
    SW_TRY(read_output(call, "output.drop", &name, err));
    SW_TRY(sw_graph_drop_output(call->session->graph, name, err));
    for (struct sw_socket *socket = call->session->sockets; socket != NULL;
         socket = socket->sibling) {
        sw_outbox_forget(socket->outbox, name);
    }
    return SW_OK;
}

sw_status sw_method_output_pause(struct sw_call *call, struct sw_err *err)
{
    struct sw_span name = {0};
    SW_TRY(read_output(call, "output.pause", &name, err));
    return sw_graph_pause_output(call->session->graph, name, true, err);
}

sw_status sw_method_output_resume(struct sw_call *call, struct sw_err *err)
{
    struct sw_span name = {0};
    SW_TRY(read_output(call, "output.resume", &name, err));
    return sw_graph_pause_output(call->session->graph, name, false, err);
}

sw_status sw_method_output_list(struct sw_call *call, struct sw_err *err)
{
    SW_TRY(sw_params_read(call->request->params, "output.list", NULL, 0, NULL, err));
    sw_graph_put_outputs(call->session->graph, &call->result);
    return SW_OK;
}
