<%@ page contentType="application/json;charset=UTF-8" trimDirectiveWhitespaces="true"
         import="java.lang.management.ManagementFactory, javax.management.ObjectName" %>
<%
    // Which Tomcat it is says the engine itself; how often this visitor was here is in the session.
    Object route = ManagementFactory.getPlatformMBeanServer().getAttribute(new ObjectName("Catalina:type=Engine"), "jvmRoute");
    Integer before = (Integer) session.getAttribute("visits");
    int visits = before == null ? 1 : before + 1;
    session.setAttribute("visits", visits);
    String version = application.getInitParameter("version");
    response.setHeader("Cache-Control", "no-store");
%>
{"route": "<%= route %>", "version": "<%= version %>", "visits": <%= visits %>, "client": "<%= request.getRemoteAddr() %>",
 "scheme": "<%= request.getScheme() %>", "session": "<%= session.getId() %>"}
