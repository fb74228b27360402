<%@ page contentType="text/html;charset=UTF-8" session="false" trimDirectiveWhitespaces="true"
         import="java.lang.management.ManagementFactory, javax.management.ObjectName" %>
<%!
    private static String escaped(String text) {
        return text == null ? "nobody" : text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }
%>
<%
    // The engine itself knows its name (jvmRoute in server.xml): the page shows who really answers.
    Object route = ManagementFactory.getPlatformMBeanServer().getAttribute(new ObjectName("Catalina:type=Engine"), "jvmRoute");
    String instance = String.valueOf(route);
    String web = request.getHeader("X-Edge-Web");
    response.setHeader("X-Edge-App", instance);
    response.setHeader("Cache-Control", "no-store");
%>
<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Shop, served by <%= escaped(instance) %></title>
  <style>
    body { font: 1.2rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem; color: #1c2430; }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1.2rem; }
    dt { color: #5b6675; }
    dd { margin: 0; font-weight: 600; }
  </style>
</head>
<body>
<h1>Shop</h1>
<p>Served by Tomcat <strong><%= escaped(instance) %></strong> through nginx <strong><%= escaped(web) %></strong>.</p>
<dl>
  <dt>Tomcat</dt><dd><%= escaped(instance) %></dd>
  <dt>Nginx</dt><dd><%= escaped(web) %></dd>
  <dt>Your address</dt><dd><%= escaped(request.getRemoteAddr()) %></dd>
</dl>
</body>
</html>
